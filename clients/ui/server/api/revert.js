// Taking changes back: first what that would be, then, with what was seen, the deed.
import { createHash } from 'node:crypto'
import { accessOf } from '../access.js'
import { bodyOf } from '../body.js'
import { badRequest, Refusal } from '../refusal.js'
import { isBigint, isTime, isUuid } from '../sql/filter.js'

const isText = (value) => typeof value === 'string' && value.length > 0 && value.length < 10_000 && !value.includes('\0')

/** The arguments of bemi.revert() that say which changes, with the types that their values have. */
const selectors = {
  change: ['uuid', (value) => typeof value === 'string' && isUuid(value)],
  transaction: ['bigint', (value) => typeof value === 'string' && isBigint(value)],
  relation: ['regclass', isText],
  key: ['text', isText],
  since: ['timestamptz', (value) => typeof value === 'string' && isTime(value)],
  since_mark: ['text', isText],
}
const resolutions = ['error', 'skip', 'force', 'cascade']
const mostShown = 500

/** POST /api/revert {selector, conflicts, context, confirm}: without `confirm` it does nothing, and says what it would do. */
export async function revert({ request, database }) {
  const wanted = wantedIn(await bodyOf(request))
  const client = await database.connect()
  try {
    await client.query(`BEGIN; ${database.settings}; SET LOCAL statement_timeout = 60000; SET LOCAL lock_timeout = 10000`)
    const query = async (text, values) => (await client.query(text, values)).rows
    const { can } = await accessOf(query)
    if (!can.has_revert) throw new Refusal(404, 'old_bemi', 'This bemi has no bemi.revert().', 'ALTER EXTENSION bemi UPDATE;')
    await query('SELECT bemi.merge_context($1::jsonb, true)', [JSON.stringify(wanted.context)])
    const plan = await run(query, wanted, true)
    const digest = digestOf(plan)
    if (wanted.confirm === undefined) return answer(await query('SELECT bemi.current_context()::text AS context'), plan, digest)
    if (wanted.confirm !== digest) throw new Refusal(409, 'changed', 'It would be something else now than what you have seen.', 'Look at it again.')
    const done = await run(query, wanted, false)
    await client.query('COMMIT')
    return answer([{ context: 'null' }], done, digest)
  } finally {
    await client.end()
  }
}

function wantedIn({ selector, conflicts = 'error', context = {}, confirm, ...rest }) {
  if (Object.keys(rest).length > 0) throw badRequest(`There is no ${JSON.stringify(Object.keys(rest)[0].slice(0, 40))}.`)
  if (!isObject(selector) || !isObject(context)) throw badRequest('selector and context are objects.')
  for (const [name, value] of Object.entries(selector)) {
    if (!Object.hasOwn(selectors, name)) throw badRequest(`Changes are not selected by ${JSON.stringify(name.slice(0, 40))}.`)
    if (!selectors[name][1](value)) throw badRequest(`That is no ${name}.`)
  }
  if (!resolutions.includes(conflicts)) throw badRequest(`conflicts is one of ${resolutions.join(', ')}.`)
  if (confirm !== undefined && !/^[0-9a-f]{64}$/.test(confirm)) throw badRequest('confirm is not from a preview.')
  return { selector, conflicts, context, confirm }
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value)

/** bemi.revert() of all of it; of its rows as many as somebody looks at, and how many there are of which kind. */
async function run(query, { selector, conflicts }, isDry) {
  const names = Object.keys(selector)
  const chosen = names.map((name, index) => `${name} => $${index + 1}::${selectors[name][0]}`)
  const [row] = await query(
    `WITH r AS MATERIALIZED (SELECT r.*, row_number() OVER () AS place
       FROM bemi.revert(${[...chosen, `conflicts => $${names.length + 1}`, `dry_run => ${isDry}`].join(', ')}) r)
     SELECT (SELECT coalesce(json_agg(json_build_object('relation', relation::text, 'key', key, 'action', action, 'columns', columns, 'status', status,
               'conflict', CASE WHEN length(conflict::text) < 20000 THEN conflict END, 'sql', CASE WHEN length(sql) < 4000 THEN sql END) ORDER BY place), '[]')
             FROM r WHERE place <= ${mostShown})::text AS rows,
            (SELECT coalesce(json_agg(json_build_array(action, status, number)), '[]') FROM (SELECT action, status, count(*) AS number FROM r GROUP BY 1, 2) t)::text AS totals,
            (SELECT md5(string_agg(md5(ROW(relation, key, action, columns, status, conflict, sql)::text), '' ORDER BY place)) FROM r) AS hash`,
    [...names.map((name) => selector[name]), conflicts],
  )
  return row
}

const digestOf = ({ hash, totals }) => createHash('sha256').update(`${hash} ${totals}`).digest('hex')

const answer = ([{ context }], { rows, totals }, digest) => `{"rows":${rows},"totals":${totals},"context":${context},"digest":"${digest}"}`
