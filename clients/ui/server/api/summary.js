// What the changes that are looked for have in common: how many when, of which tables, by whom.
import { readChanges } from '../access.js'
import { filterOf } from '../sql/filter.js'
import { fromFew } from '../sql/rare.js'

const most = { counted: 100_000, sampled: 5_000, values: 8, keys: 8 }
export const buckets = 72

const time = (value) => `to_char(${value}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** GET /api/histogram?FILTER: of the newest hundred thousand; `from` is then where counting ended. */
export async function histogram({ query, database }) {
  const conditions = filterOf(query)
  const { where } = conditions
  const begin = query.has('from') ? `${conditions.place(query.get('from'))}::timestamptz` : lastOf(conditions, query)
  const end = query.has('to') ? `${conditions.place(query.get('to'))}::timestamptz` : 'now()'
  return readChanges(database, async (ask, source) => {
    const from = await fromFew(ask, source, query, conditions)
    const [{ json }] = await ask(
      `WITH counted AS MATERIALIZED (SELECT c.committed_at, c.operation FROM ${from} WHERE ${where} ORDER BY c.committed_at DESC LIMIT ${most.counted}),
            ends AS (SELECT count(*) AS total, coalesce(${begin}, min(committed_at), now() - interval '1 day') AS low, ${end} AS high, min(committed_at) AS oldest FROM counted),
            span AS (SELECT total, low, greatest(high, low + interval '1 second') AS high, oldest FROM ends),
            bars AS (SELECT width_bucket(extract(epoch FROM c.committed_at), extract(epoch FROM low), extract(epoch FROM high), ${buckets}) AS place, c.operation, count(*) AS number
                     FROM counted c CROSS JOIN span GROUP BY 1, 2)
       SELECT json_build_object('from', ${time('low')}, 'to', ${time('high')}, 'total', total, 'isCut', total = ${most.counted}, 'oldest', ${time('oldest')},
         'buckets', ${buckets}, 'bars', (SELECT coalesce(json_agg(json_build_array(least(place, ${buckets}) - 1, operation, number)), '[]') FROM bars))::text AS json
       FROM span`,
      conditions.values,
    )
    return json
  })
}

const lengths = { hour: '1 hour', day: '1 day', week: '7 days', month: '30 days', year: '1 year' }

function lastOf(conditions, query) {
  const length = lengths[query.get('last')]
  return length === undefined ? 'NULL' : `now() - ${conditions.place(length)}::interval`
}

/** GET /api/facets?FILTER: the most frequent of the newest few thousand. A key whose values hardly repeat is none. */
export async function facets({ query, database }) {
  const conditions = filterOf(query)
  return readChanges(database, async (ask, source) => {
    const from = await fromFew(ask, source, query, conditions)
    const [{ json }] = await ask(
      `WITH sample AS MATERIALIZED (SELECT c.schema, c."table", c.operation, c.context FROM ${from} WHERE ${conditions.where}
                                    ORDER BY c.committed_at DESC LIMIT ${most.sampled}),
            pairs AS (SELECT e.key, e.value FROM sample s CROSS JOIN LATERAL jsonb_each(s.context) e
                      WHERE pg_column_size(s.context) <= 2000 AND jsonb_typeof(e.value) NOT IN ('object', 'array') AND length(e.value::text) <= 120),
            numbers AS (SELECT key, value, count(*) AS number FROM pairs GROUP BY key, value),
            keys AS (SELECT key, sum(number) AS total FROM numbers GROUP BY key HAVING count(*) = 1 OR count(*) * 2 <= sum(number)
                     ORDER BY total DESC, key LIMIT ${most.keys}),
            ranked AS (SELECT n.key, n.value, n.number, k.total, row_number() OVER (PARTITION BY n.key ORDER BY n.number DESC, n.value) AS place
                       FROM numbers n JOIN keys k USING (key))
       SELECT json_build_object('sampled', (SELECT count(*) FROM sample),
         'tables', (SELECT coalesce(json_agg(json_build_array(schema, "table", number) ORDER BY number DESC), '[]') FROM (
            SELECT schema, "table", count(*) AS number FROM sample GROUP BY 1, 2 ORDER BY 3 DESC LIMIT ${most.values}) t),
         'operations', (SELECT coalesce(json_agg(json_build_array(operation, number) ORDER BY number DESC), '[]') FROM (
            SELECT operation, count(*) AS number FROM sample GROUP BY 1) o),
         'keys', (SELECT coalesce(json_agg(json_build_array(key, list) ORDER BY total DESC, key), '[]') FROM (
            SELECT key, total, json_agg(json_build_array(value, number) ORDER BY place) AS list FROM ranked WHERE place <= ${most.values} GROUP BY key, total) k))::text AS json`,
      conditions.values,
    )
    return json
  })
}
