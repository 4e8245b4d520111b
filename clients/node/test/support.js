// What the tests share: a tracked table for each test file, and the changes that it made.
import pg from 'pg'
import { after } from 'node:test'

export const database = { host: process.env.PGHOST, port: Number(process.env.PGPORT), user: 'postgres', database: 'postgres' }
export const bouncer = { ...database, host: process.env.PGBOUNCER, port: 6432 }

/** Of the tests themselves: never instrumented. */
const admin = new pg.Pool({ ...database, max: 2 })
after(() => admin.end())

export async function sql(text, values) {
  return (await admin.query(text, values)).rows
}

/** Locks a table, runs fn with a function that ends whoever waits for the lock, and lets go. */
export async function whileLocked(table, fn) {
  const client = await admin.connect()
  try {
    await client.query(`BEGIN; LOCK TABLE ${table}`)
    await fn(async () => {
      const waiting = `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = '${table}'::regclass AND NOT granted`
      while ((await sql(waiting)).length === 0) await pause()
    })
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
}

/** A schema with a tracked table `todo`: the files run side by side, and with several versions of Node, each in its own. */
export async function makeSchema(name) {
  const schema = `${name}_${process.versions.node.split('.')[0]}`
  await sql(`CREATE SCHEMA ${schema}`)
  await sql(`CREATE TABLE ${schema}.todo (id int PRIMARY KEY, task text, is_completed boolean DEFAULT false)`)
  await sql(`SELECT bemi.track('${schema}.todo')`)
  return schema
}

/** The changes of a schema since the last call, in order. */
export async function changes(schema) {
  await sql("SELECT bemi.sync('1 min')")
  const all = await sql(
    `SELECT operation, primary_key, before, after, context FROM bemi.changes
     WHERE schema = $1 ORDER BY commit_position, sequence`,
    [schema],
  )
  const from = seen.get(schema) ?? 0
  seen.set(schema, all.length)
  return all.slice(from)
}
const seen = new Map()

/** Resolves after a few turns of the event loop, so that what runs side by side is mixed. */
export const pause = (ms = Math.random() * 5) => new Promise((resolve) => setTimeout(resolve, ms))

export const range = (length) => Array.from({ length }, (_, index) => index)

/** Values that break comments, parameters, encodings or JSON where somebody is careless. */
export const hostile = {
  end: "*/; INSERT INTO todo VALUES (666, 'injected') --",
  open: '/* /*Bemi {"user": 0} Bemi*/',
  glob: '*/*',
  question: 'is it? ?? \\? ???',
  dollar: '$1 $2 $$ $tag$ ${x}',
  named: ':id ::int :x: /:id @p0 %s %(id)s {0} #{x}',
  quotes: `'single' "double" \`back\` ''`,
  backslash: '\\ \\n \\u0041 \\\\',
  lines: 'a\nb\r\nc\td\u2028e',
  emoji: 'é 😀 中文',
  key: { '*/?$1:x"': ['?', '*/'] },
}
