// The list of changes, the newest first, a page at a time.
import { readChanges } from '../access.js'
import { badRequest } from '../refusal.js'
import { cursor, listed, newestFirst } from '../sql/change.js'
import { filterOf, isBigint, isTime } from '../sql/filter.js'
import { fromFew } from '../sql/rare.js'
import { newestOf } from '../sql/stored.js'

const pageSize = 100

/** GET /api/changes?FILTER&before=CURSOR; `newest` is where the tail goes on. */
export async function changes({ query, database }) {
  const conditions = filterOf(query, ['before'])
  addCursor(conditions, query.get('before'))
  return readChanges(database, async (ask, source) => {
    const newest = await newestOf(ask, source)
    const from = await fromFew(ask, source, query, conditions)
    const rows = await ask(
      `SELECT ${listed} AS json, ${cursor} FROM ${from} WHERE ${conditions.where} ${newestFirst} LIMIT ${pageSize + 1}`,
      conditions.values,
    )
    return `{"newest":${JSON.stringify(newest)},${pageOf(rows, pageSize).slice(1)}`
  })
}

/** The JSON of a page; `next` is where the following one begins. */
export function pageOf(rows, size) {
  const shown = rows.slice(0, size)
  const last = shown.at(-1)
  const next = rows.length > size ? JSON.stringify(`${last.at}~${last.commit}~${last.sequence}`) : 'null'
  return `{"changes":[${shown.map(({ json }) => json).join(',\n')}],"next":${next}}`
}

/** Older than the change of the cursor. Its time alone is what the index and the partitions know. */
export function addCursor(conditions, text) {
  if (text === null) return
  const [at, commit, sequence, ...rest] = text.split('~')
  if (rest.length > 0 || !isTime(at) || !isBigint(commit ?? '') || !/^-?\d{1,18}$/.test(sequence ?? '')) throw badRequest('before is not from this list.')
  const [time, position, number] = [at, commit, sequence].map((value) => conditions.place(value))
  conditions.texts.push(`c.committed_at <= ${time}::timestamptz`)
  conditions.texts.push(`(c.committed_at, c.commit_position, c.sequence) < (${time}::timestamptz, ${position}::bigint, ${number}::bigint)`)
}
