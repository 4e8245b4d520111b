import { setTimeout as wait } from 'node:timers/promises'
import { withPool } from './database.js'

export interface Filter {
  table?: string | undefined
  ctx: string[]
}

interface Change {
  id: string
  operation: string
  schema: string
  table: string
  primary_key: string | null
  before: Record<string, unknown>
  after: Record<string, unknown>
  context: Record<string, unknown>
  time: string
}

/** Milliseconds between two looks: while nobody tells that there is something new, and while the worker does. */
const [pause, longPause] = [500, 5000]
const columns = `id, operation, schema, "table", primary_key, before, after, context,
  to_char(committed_at, 'HH24:MI:SS.MS') AS time`

/** Prints the last changes, and then each new one, until it is interrupted. */
export function tail(url: string | undefined, filter: Filter): Promise<void> {
  const { condition, values } = conditionOf(filter)
  return withPool(url, async (pool) => {
    const read = async (text: string, more: unknown[]): Promise<Change[]> => (await pool.query(text, [...values, ...more])).rows
    const bell = await listen(pool)
    try {
      const newest = await read(`SELECT ${columns} FROM bemi.changes WHERE ${condition} ORDER BY id DESC LIMIT 10`, [])
      let last = show(newest.reverse())
      last ??= '00000000-0000-0000-0000-000000000000'
      const next = `SELECT ${columns} FROM bemi.changes WHERE ${condition} AND id > $${values.length + 1} ORDER BY id LIMIT 1000`
      for (;;) last = show(await read(next, [last])) ?? (await bell.wait(), last)
    } finally {
      bell.close()
    }
  })
}

interface Bell {
  wait(): Promise<void>
  close(): void
}

/** Waits until the worker tells of changes since the last wait; for a while, where there is no bemi.listen() for this role. */
async function listen(pool: any): Promise<Bell> {
  const client = await pool.connect()
  client.on('error', () => {}) // the next query of the pool says it
  try {
    await client.query('SELECT bemi.listen()')
  } catch {
    client.release()
    return { wait: () => wait(pause), close: () => {} }
  }
  let length = longPause
  let ring = new AbortController()
  client.on('notification', () => ring.abort())
  client.on('end', () => (length = pause))
  return {
    wait: async () => {
      await wait(length, undefined, { signal: ring.signal }).catch(() => {})
      ring = new AbortController()
    },
    close: () => client.release(true),
  }
}

/** Prints the changes; the id of the last one. */
function show(changes: Change[]): string | undefined {
  for (const change of changes) console.log(line(change))
  return changes.at(-1)?.id
}

/** A value such as 7 is looked for as a number and as a string. */
function conditionOf({ table, ctx }: Filter): { condition: string; values: string[] } {
  const values: string[] = []
  const parameter = (value: string) => `$${values.push(value)}`
  const conditions = ['true']
  if (table !== undefined) {
    const [name, schema] = table.split('.').reverse() as [string, string?]
    conditions.push(`"table" = ${parameter(name)}`)
    if (schema !== undefined) conditions.push(`schema = ${parameter(schema)}`)
  }
  for (const pair of ctx) {
    const [key, ...value] = pair.split('=')
    const text = value.join('=')
    const either = [...new Set([text, asJson(text)])].map((value) => `context @> ${parameter(JSON.stringify({ [key!]: value }))}::jsonb`)
    conditions.push(`(${either.join(' OR ')})`)
  }
  return { condition: conditions.join(' AND '), values }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function line({ time, operation, schema, table, primary_key, before, after, context }: Change): string {
  const name = schema === 'public' ? table : `${schema}.${table}`
  const text = [time, operation.padEnd(8), name, primary_key ?? '', difference(operation, before, after), JSON.stringify(context)].join(' ')
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, '\ufffd') // what a terminal would obey
}

function difference(operation: string, before: Record<string, unknown>, after: Record<string, unknown>): string {
  const show = (value: unknown) => JSON.stringify(value)
  if (operation !== 'UPDATE') return show(operation === 'DELETE' ? before : after)
  return Object.keys(after)
    .filter((column) => show(before[column]) !== show(after[column]))
    .map((column) => `${column}: ${show(before[column])} → ${show(after[column])}`)
    .join(', ')
}
