// Everything that is looked for, as a file: read a page at a time, so that nobody's download holds a connection or a snapshot.
import { once } from 'node:events'
import { readChanges } from '../access.js'
import { Refusal } from '../refusal.js'
import { filterOf } from '../sql/filter.js'

export const limits = {
  atOnce: 4,
  rows: 1000,
  /** Bytes, as stored, after which a page ends. */
  bytes: 1_000_000,
  /** Milliseconds that a browser may take for one page. */
  patience: 30_000,
}

const times = ['committed_at', 'queued_at', 'created_at']
const columns = ['id', 'database', 'schema', '"table"', 'primary_key', 'operation', 'before', 'after', 'context', ...times, 'transaction_id', 'position', 'commit_position', 'sequence']
const names = columns.map((column) => column.replaceAll('"', ''))
const iso = (column) => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
const valueOf = (column) => (times.includes(column) ? iso(`c.${column}`) : `c.${column}`)

const formats = {
  csv: {
    type: 'text/csv; charset=utf-8',
    head: `${names.join(',')}\r\n`,
    select: columns.map((column, index) => `${valueOf(column)}::text AS value_${index}`).join(', '),
    line: (row) => `${columns.map((_, index) => csvValue(row[`value_${index}`])).join(',')}\r\n`,
  },
  ndjson: {
    type: 'application/x-ndjson',
    head: '',
    select: `json_build_object(${columns.map((column, index) => `'${names[index]}', ${valueOf(column)}`).join(', ')})::text AS json`,
    line: ({ json }) => `${json}\n`,
  },
}

/** A null is nothing, an empty text a pair of quotes, as in COPY. */
const csvValue = (text) => (text === null ? '' : /^$|[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

let running = 0

/** GET /api/export.csv?FILTER, the oldest first, up to what was committed when it began. */
export const exportAs = (name) => async (call) => {
  if (running >= limits.atOnce) throw new Refusal(503, 'busy', 'Too many exports are running.', 'Wait for one of them.')
  running++
  try {
    await write(formats[name], name, call)
  } finally {
    running--
  }
}

async function write({ type, head, select, line }, name, { query, response, database }) {
  const conditions = filterOf(query)
  let page = await readPage(database, select, conditions, undefined)
  response.writeHead(200, { 'content-type': type, 'content-disposition': `attachment; filename="changes.${name}"`, 'cache-control': 'no-store' })
  if (head !== '') response.write(head)
  while (page.rows.length > 0) {
    await taken(response, page.rows.map(line).join(''))
    page = await readPage(database, select, conditions, page)
  }
  response.end()
}

/** Rows after the last page's, as many as have so many bytes, or one. */
async function readPage(database, select, { where, values }, former) {
  const [a, b, c, d] = [1, 2, 3, 4].map((number) => `$${values.length + number}`)
  const after = former && former.rows.at(-1)
  const position = after ? ` AND c.committed_at >= ${b}::timestamptz AND (c.committed_at, c.commit_position, c.sequence) > (${b}::timestamptz, ${c}::bigint, ${d}::bigint)` : ''
  return readChanges(database, async (ask, source) => {
    const until = former?.until ?? (await ask(`SELECT now()::text AS now`))[0].now
    const order = 'c.committed_at, c.commit_position, c.sequence'
    const rows = await ask(
      `SELECT ${select}, c.committed_at::text AS at, c.commit_position::text AS commit, c.sequence::text AS number FROM (
         SELECT c.*, sum(c.size) OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING) - c.size AS earlier FROM (
           SELECT c.*, pg_column_size(c.before) + pg_column_size(c.after) + pg_column_size(c.context) AS size FROM ${source} c
           WHERE ${where} AND c.committed_at <= ${a}::timestamptz${position} ORDER BY ${order} LIMIT ${limits.rows}) c) c
       WHERE c.earlier < ${limits.bytes} ORDER BY ${order}`,
      [...values, until, ...(after ? [after.at, after.commit, after.number] : [])],
    )
    return { until, rows }
  })
}

/** Resolves when the browser has taken the text; one that does not is disconnected, and its file is not whole. */
async function taken(response, text) {
  if (response.destroyed) throw new Refusal(499, 'gone', 'The browser has gone.')
  if (response.write(text)) return
  const signal = AbortSignal.timeout(limits.patience)
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal }).then(() => Promise.reject(new Refusal(499, 'gone', 'The browser has gone.')))])
}
