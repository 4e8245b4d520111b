// A transaction: what it did, in its order, a page at a time.
import { readChanges } from '../access.js'
import { badRequest, Refusal } from '../refusal.js'
import { listed } from '../sql/change.js'
import { isBigint } from '../sql/filter.js'

const pageSize = 200
const mostCounted = 100_000

/** GET /api/tx/:id?after=COMMIT~SEQUENCE */
export async function transaction({ id, query, database }) {
  if (!isBigint(id)) throw badRequest('That is no number of a transaction.')
  const [commit, sequence] = (query.get('after') ?? '0~-1').split('~')
  if (!isBigint(commit) || !/^-?\d{1,18}$/.test(sequence ?? '')) throw badRequest('after is not from this list.')
  return readChanges(database, async (ask, source) => {
    const rows = await ask(
      `SELECT ${listed} AS json, c.commit_position::text AS commit, c.sequence::text AS sequence FROM ${source} c
       WHERE c.transaction_id = $1::bigint AND (c.commit_position, c.sequence) > ($2::bigint, $3::bigint)
       ORDER BY c.commit_position, c.sequence LIMIT ${pageSize + 1}`,
      [id, commit, sequence],
    )
    if (rows.length === 0) throw new Refusal(404, 'tx', 'No change of this transaction is stored, or you may read none.')
    const shown = rows.slice(0, pageSize)
    const next = rows.length > pageSize ? JSON.stringify(`${shown.at(-1).commit}~${shown.at(-1).sequence}`) : 'null'
    const summary = query.has('after') ? 'null' : await summaryOf(ask, source, id)
    return `{"changes":[${shown.map(({ json }) => json).join(',\n')}],"next":${next},"summary":${summary}}`
  })
}

async function summaryOf(ask, source, id) {
  const [{ json }] = await ask(
    `WITH counted AS (SELECT c.schema, c."table", c.operation FROM ${source} c WHERE c.transaction_id = $1::bigint LIMIT ${mostCounted})
     SELECT json_build_object('total', (SELECT count(*) FROM counted), 'isCut', (SELECT count(*) FROM counted) = ${mostCounted},
       'parts', (SELECT json_agg(json_build_array(schema, "table", operation, number) ORDER BY number DESC)
                 FROM (SELECT schema, "table", operation, count(*) AS number FROM counted GROUP BY 1, 2, 3) p))::text AS json`,
    [id],
  )
  return json
}
