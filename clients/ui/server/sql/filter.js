// What the address says is looked for, as conditions on bemi.changes c. Each value is a bound parameter.
import { badRequest } from '../refusal.js'

const operations = ['CREATE', 'UPDATE', 'DELETE', 'TRUNCATE', 'BASELINE', 'ERASURE']
const lengths = { hour: '1 hour', day: '1 day', week: '7 days', month: '30 days', year: '1 year' }
export const lasts = [...Object.keys(lengths), 'all']
const known = ['schema', 'table', 'op', 'key', 'tx', 'ctx', 'q', 'column', 'last', 'from', 'to']

export const isUuid = (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
export const isTime = (text) => /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?(Z|[+-]\d\d(:?\d\d)?)?$/.test(text)
export const isBigint = (text) => /^\d{1,18}$/.test(text)

/** Conditions and their values; a condition is made by a function of the placeholder. */
export class Conditions {
  values = []
  texts = []

  place(value) {
    if (typeof value === 'string' && value.includes('\0')) throw badRequest('A zero byte is in no text of the database.')
    return `$${this.values.push(value)}`
  }

  add(value, condition) {
    this.texts.push(condition(this.place(value)))
  }

  get where() {
    return this.texts.join(' AND ') || 'true'
  }
}

/** @param {URLSearchParams} query of the address; other names than these are `more` */
export function filterOf(query, more = []) {
  for (const name of query.keys()) {
    if (!known.includes(name) && !more.includes(name)) throw badRequest(`There is no filter ${JSON.stringify(name.slice(0, 40))}.`, `There are ${known.join(', ')}.`)
  }
  const conditions = new Conditions()
  addNames(conditions, query)
  addContexts(conditions, query)
  addTimes(conditions, query)
  addText(conditions, query)
  return conditions
}

function addNames(conditions, query) {
  for (const [name, column] of [['schema', 'c.schema'], ['table', 'c."table"'], ['key', 'c.primary_key']]) {
    const values = query.getAll(name)
    if (values.length > 0) conditions.add(values, (place) => `${column} = ANY (${place}::text[])`)
  }
  const ops = query.getAll('op')
  const unknown = ops.find((op) => !operations.includes(op))
  if (unknown !== undefined) throw badRequest(`There is no operation ${JSON.stringify(unknown.slice(0, 40))}.`, `There are ${operations.join(', ')}.`)
  if (ops.length > 0) conditions.add(ops, (place) => `c.operation = ANY (${place}::text[])`)
  const transactions = query.getAll('tx')
  if (!transactions.every(isBigint)) throw badRequest('A transaction is a number.')
  if (transactions.length > 0) conditions.add(transactions, (place) => `c.transaction_id = ANY (${place}::bigint[])`)
}

/** `user_id:7` means the number and the string; `pg.user:app` an object in an object, or a key that has a dot. */
function addContexts(conditions, query) {
  const pairs = query.getAll('ctx')
  if (pairs.length > 20) throw badRequest('More than twenty keys of a context are looked for.')
  for (const pair of pairs) {
    const colon = pair.indexOf(':')
    if (colon < 1) throw badRequest('A key of a context is looked for as key:value.')
    const documents = documentsOf(pair.slice(0, colon), pair.slice(colon + 1))
    conditions.texts.push(`(${documents.map((document) => `c.context @> ${conditions.place(document)}::jsonb`).join(' OR ')})`)
  }
}

function documentsOf(key, value) {
  const values = [JSON.stringify(value)]
  if (/^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?|true|false|null)$/.test(value)) values.push(value)
  const path = key.split('.')
  const ways = path.length > 1 && path.length < 10 && path.every(Boolean) ? [[key], path] : [[key]]
  return ways.flatMap((way) => values.map((value) => way.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, value)))
}

function addTimes(conditions, query) {
  for (const [name, operator] of [['from', '>='], ['to', '<=']]) {
    const value = query.get(name)
    if (value === null) continue
    if (!isTime(value)) throw badRequest(`${name} is a time such as 2026-11-25T17:09:15Z.`)
    conditions.add(value, (place) => `c.committed_at ${operator} ${place}::timestamptz`)
  }
  const last = query.get('last')
  if (last === null || last === 'all') return
  if (!Object.hasOwn(lengths, last)) throw badRequest(`last is one of ${lasts.join(', ')}.`)
  conditions.add(lengths[last], (place) => `c.committed_at >= now() - ${place}::interval`)
}

const hasTime = (query) => query.has('from') || (query.get('last') ?? 'all') !== 'all'

/** What no index has is looked for in a stretch of time only. */
function addText(conditions, query) {
  const column = query.get('column')
  const text = query.get('q')
  if ((column !== null || text !== null) && !hasTime(query)) {
    throw badRequest('Text and columns are looked for within a time, for no index has them.', 'Choose one, such as the last 24 hours.')
  }
  if (column !== null) {
    conditions.add(column, (place) => `(c.before -> ${place}::text) IS DISTINCT FROM (c.after -> ${place}::text)`)
  }
  if (text === null) return
  if (text.length > 200) throw badRequest('A text to look for has at most 200 characters.')
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`
  conditions.add(pattern, (place) => `(c.before::text ILIKE ${place} OR c.after::text ILIKE ${place} OR c.context::text ILIKE ${place} OR c.primary_key ILIKE ${place})`)
}
