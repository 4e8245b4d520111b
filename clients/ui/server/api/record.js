// The history of one record: what was done to it, the newest first, a page at a time.
import { readChanges } from '../access.js'
import { cursor, newestFirst, versioned } from '../sql/change.js'
import { Conditions } from '../sql/filter.js'
import { addCursor, pageOf } from './changes.js'

const pageSize = 50

/** GET /api/record/:schema/:table/:key?before=CURSOR */
export async function record({ schema, table, key, query, database }) {
  const conditions = new Conditions()
  conditions.add(schema, (place) => `c.schema = ${place}`)
  conditions.add(table, (place) => `c."table" = ${place}`)
  conditions.add(key, (place) => `c.primary_key = ${place}`)
  const first = conditions.values
  addCursor(conditions, query.get('before'))
  return readChanges(database, async (ask, source, access) => {
    const rows = await ask(
      `SELECT ${versioned} AS json, ${cursor} FROM ${source} c WHERE ${conditions.where} ${newestFirst} LIMIT ${pageSize + 1}`,
      conditions.values,
    )
    const moved = access.can.reads_moved_keys ? await movesOf(ask, source, first.slice(0, 3)) : '[]'
    const columns = await columnsOf(ask, schema, table)
    return `{"moved":${moved},"columnNames":${columns},${pageOf(rows, pageSize).slice(1)}`
  })
}

/** UPDATEs that gave the record another key: the history goes on under that one. */
async function movesOf(ask, source, names) {
  const [{ json }] = await ask(
    `SELECT coalesce(json_agg(json_build_array(c.id, c.primary_key, to_char(c.committed_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) ORDER BY c.id DESC), '[]')::text AS json
     FROM bemi.moved_keys m JOIN ${source} c ON c.committed_at = m.committed_at AND c.id = m.id
     WHERE m.schema = $1 AND m."table" = $2 AND m.old_key = $3`,
    names,
  )
  return json
}

/** The columns as the table has them now, for an order that people know. */
async function columnsOf(ask, schema, table) {
  const [{ json }] = await ask(
    `SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]')::text AS json FROM pg_attribute a
     WHERE a.attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) AND a.attnum > 0 AND NOT a.attisdropped`,
    [schema, table],
  )
  return json
}
