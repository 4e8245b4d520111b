// How the worker is doing, what is missing, and what doctor says.
import { accessOf, grant, quoteIdentifier, sourceOf } from '../access.js'
import { Refusal } from '../refusal.js'

const parts = {
  status: ['reads_status', 'bemi.status', `SELECT to_jsonb(s) AS part FROM bemi.status s`],
  metrics: ['reads_metrics', 'bemi.metrics', `SELECT to_jsonb(m) AS part FROM bemi.metrics m`],
  gaps: ['reads_gaps', 'bemi.gaps', list('bemi.gaps', 'noticed_at')],
  errors: ['reads_errors', 'bemi.errors', list('bemi.errors', 'occurred_at')],
}

function list(relation, time) {
  return `SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') AS part FROM (SELECT * FROM ${relation} r ORDER BY r.acknowledged_at IS NOT NULL, r.${time} DESC LIMIT 100) r`
}

const partitions = `SELECT coalesce(jsonb_agg(jsonb_build_object('name', p.partition::text, 'from', p.from_time, 'to', p.to_time,
    'bytes', pg_total_relation_size(p.partition), 'rows', (SELECT greatest(c.reltuples, 0)::bigint FROM pg_class c WHERE c.oid = p.partition)) ORDER BY p.from_time DESC), '[]') AS part
  FROM bemi.partitions p`

/** GET /api/status: what the role may read of it; for the rest the GRANT. */
export async function status({ database }) {
  return database.read(async (query) => {
    const access = await accessOf(query)
    sourceOf(access)
    const answers = []
    for (const [name, [right, relation, text]] of Object.entries(parts)) {
      if (access.can[right]) answers.push(`"${name}":${(await query(text))[0]?.part ?? 'null'}`)
      else answers.push(`"${name}":{"refused":${JSON.stringify(grant(relation, access.role))}}`)
    }
    answers.push(`"partitions":${await partitionsOf(query)}`)
    return `{${answers.join(',')}}`
  })
}

/** The view reads catalogs only, but not every role may read it. */
async function partitionsOf(query) {
  const [{ may }] = await query(`SELECT has_table_privilege(to_regclass('bemi.partitions'), 'SELECT') AS may`)
  return may === 't' ? (await query(partitions))[0].part : 'null'
}

/** GET /api/doctor */
export async function doctor({ database }) {
  return database.read(async (query) => {
    const { role, can } = await accessOf(query)
    if (!can.calls_doctor) throw new Refusal(403, '42501', `The role ${role} may not call bemi.doctor().`, `GRANT EXECUTE ON FUNCTION bemi.doctor() TO ${quoteIdentifier(role)};`)
    return (await query(`SELECT coalesce(json_agg(d), '[]')::text AS json FROM bemi.doctor() d`))[0].json
  })
}
