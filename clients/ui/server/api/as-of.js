// The rows of a table as they were, beside what they are now.
import { grant, quoteIdentifier, readChanges } from '../access.js'
import { badRequest, Refusal } from '../refusal.js'
import { cutTo } from '../sql/change.js'
import { Conditions, isBigint, isTime, isUuid } from '../sql/filter.js'

const pageSize = 100

const moments = {
  at: ['timestamptz', isTime],
  mark: ['text', (text) => text.length > 0],
  transaction: ['bigint', isBigint],
  change: ['uuid', isUuid],
  lsn: ['pg_lsn', (text) => /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i.test(text)],
}

/** GET /api/as-of/:schema/:table?at=TIME (or mark, transaction, change, lsn) &key=KEY &changed &after=JSON of a key */
export async function asOf({ schema, table, query, database }) {
  const moment = momentOf(query)
  return readChanges(database, async (ask, source, { can, role }) => {
    if (!can.has_as_of) throw new Refusal(404, 'old_bemi', 'This bemi has no bemi.as_of().', 'ALTER EXTENSION bemi UPDATE;')
    const shape = await shapeOf(ask, schema, table)
    checkRights(shape, source, role)
    if (moment === undefined) return JSON.stringify({ ...shape, marks: can.reads_marks ? await marksOf(ask) : [] })
    await ask(`SELECT set_config('statement_timeout', '30000', true)`)
    const { text, values } = questionOf(shape, moment, query)
    const rows = await ask(text, values)
    const shown = rows.slice(0, pageSize)
    const next = rows.length > pageSize && shape.key.length > 0 ? JSON.stringify(shown.at(-1).place) : 'null'
    return `{"columns":${JSON.stringify(shape.columns)},"rows":[${shown.map(({ json }) => json).join(',\n')}],"next":${next},"isCut":${rows.length > pageSize}}`
  })
}

function momentOf(query) {
  const given = Object.keys(moments).filter((name) => query.has(name))
  if (given.length > 1) throw badRequest(`Of ${given.join(' and ')}, one says the moment.`)
  const [name] = given
  if (name === undefined) return undefined
  const [type, isValid] = moments[name]
  if (!isValid(query.get(name))) throw badRequest(`${JSON.stringify(query.get(name).slice(0, 60))} is no ${name}.`)
  return { name, type, value: query.get(name) }
}

/** bemi.as_of() reads all changes and the table, as the role that calls it. */
function checkRights({ name, may }, source, role) {
  const missing = [[source === 'bemi.changes', 'bemi.changes'], [may, name]].filter(([isThere]) => !isThere).map(([, relation]) => relation)
  if (missing.length > 0) throw new Refusal(403, '42501', `The role ${role} may not read what a table was.`, grant(missing.join(', '), role))
}

/** Columns, and those of the primary key with their types; the names are the catalog's. */
async function shapeOf(ask, schema, table) {
  const [found] = await ask(
    `SELECT has_table_privilege(c.oid, 'SELECT')::text AS may, (SELECT json_agg(a.attname ORDER BY a.attnum)::text FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
            (SELECT coalesce(json_agg(json_build_array(a.attname, format_type(a.atttypid, NULL)) ORDER BY k.place), '[]')::text
             FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY k (number, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number WHERE i.indrelid = c.oid AND i.indisprimary) AS key
     FROM pg_class c WHERE c.oid = to_regclass(format('%I.%I', $1::text, $2::text)) AND c.relkind IN ('r', 'p')`,
    [schema, table],
  )
  if (found === undefined) throw new Refusal(404, '42P01', `There is no table ${schema}.${table} now.`, 'bemi.restore() makes a table of a dropped one.')
  return { may: found.may === 'true', name: `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`, columns: JSON.parse(found.columns ?? '[]'), key: JSON.parse(found.key) }
}

const marksOf = (ask) =>
  ask(`SELECT m.name, to_char(m.at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM bemi.marks m ORDER BY m.position DESC LIMIT 200`)

/** A row is [key, status, cells]; a cell {"v": …}, or where it is another now [then, now]. */
function questionOf({ name, columns, key }, moment, query) {
  const conditions = new Conditions()
  const argument = `${moment.name} => ${conditions.place(moment.value)}::${moment.type}`
  const only = query.has('key') && key.length > 0 ? `, keys => ARRAY[${conditions.place(query.get('key'))}::text]` : ''
  const past = `bemi.as_of(NULL::${name}, ${argument}${only})`
  const names = key.map(([column]) => quoteIdentifier(column))
  const isCompared = key.length > 0
  const present = isCompared ? `${query.has('changed') ? 'FULL' : 'LEFT'} JOIN ${name} n ON ${names.map((column) => `n.${column} = r.${column}`).join(' AND ')}` : ''
  const keyOf = (row) => `ARRAY[${names.map((column) => `${row}.${column}::text`).join(', ')}]::text[]`
  const place = isCompared ? names.map((column) => `coalesce(r.${column}, n.${column})`) : []
  if (isCompared && query.has('changed')) conditions.texts.push(`to_jsonb(r) IS DISTINCT FROM to_jsonb(n)${query.has('key') ? ` AND bemi.key(${place.join(', ')}) = ${conditions.place(query.get('key'))}` : ''}`)
  if (isCompared && query.has('after')) conditions.texts.push(afterOf(place, key, conditions, query.get('after')))
  const cells = columns.map((column) => cellOf(quoteIdentifier(column), isCompared))
  const status = isCompared ? `CASE WHEN r IS NULL THEN 'new' WHEN n IS NULL THEN 'gone' WHEN to_jsonb(r) = to_jsonb(n) THEN 'same' ELSE 'changed' END` : `'same'`
  const text = `SELECT ${isCompared ? `coalesce(${keyOf('r')}, ${keyOf('n')})` : 'NULL'} AS place,
      jsonb_build_array(${isCompared ? `bemi.key(${place.join(', ')})` : 'NULL'}, ${status}, to_jsonb(ARRAY[${cells.join(', ')}]::jsonb[]))::text AS json
    FROM ${past} r ${present} WHERE ${conditions.where} ${isCompared ? `ORDER BY ${place.join(', ')}` : ''} LIMIT ${pageSize + 1}`
  return { text, values: conditions.values }
}

function cellOf(column, isCompared) {
  const then = cutTo(`to_jsonb(r.${column})`, 160)
  if (!isCompared) return then
  const now = cutTo(`to_jsonb(n.${column})`, 160)
  return `CASE WHEN NOT (r IS NULL) AND NOT (n IS NULL) AND to_jsonb(r.${column}) IS DISTINCT FROM to_jsonb(n.${column}) THEN jsonb_build_array(${then}, ${now}) WHEN r IS NULL THEN ${now} ELSE ${then} END`
}

function afterOf(place, key, conditions, text) {
  const values = text.length < 10_000 ? parsed(text) : undefined
  if (!Array.isArray(values) || values.length !== key.length || !values.every((value) => typeof value === 'string')) throw badRequest('after is not from this list.')
  const bounds = values.map((value, index) => `${conditions.place(value)}::${key[index][1]}`)
  return `ROW(${place.join(', ')}) > ROW(${bounds.join(', ')})`
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
