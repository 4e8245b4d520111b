// What the tests share: the database, bemi-ui on it as some role, and a table of their own.
import pg from 'pg'
import { after } from 'node:test'
import { start } from '../server/start.js'

export const database = { host: process.env.PGHOST, port: Number(process.env.PGPORT), user: 'postgres', database: 'postgres' }

const admin = new pg.Pool({ ...database, max: 3 })
after(() => admin.end())

/** As the superuser; `text` may start with a context in a comment. */
export const sql = async (text, values) => (await admin.query(text, values)).rows

export const withContext = (context, text, values) => sql(`/*Bemi ${JSON.stringify(context).replaceAll('*', '\\u002a')} Bemi*/ ${text}`, values)

export const synced = () => sql("SELECT bemi.sync('1 min')")

export const urlOf = ({ role = 'postgres', name = 'postgres', host = database.host, port = database.port } = {}) =>
  `postgresql://${role}@/${name}?host=${encodeURIComponent(host)}&port=${port}`

/** A schema with a tracked table `todo`, of this process alone. */
export async function makeSchema(name) {
  const schema = `ui_${name}_${process.pid}`
  await sql(`CREATE SCHEMA ${schema}`)
  await sql(`CREATE TABLE ${schema}.todo (id int PRIMARY KEY, task text, is_completed boolean DEFAULT false)`)
  await sql(`SELECT bemi.track('${schema}.todo')`)
  return schema
}

export async function makeRole(name, ...grants) {
  const role = `ui_${name}_${process.pid}`
  await sql(`CREATE ROLE ${role} LOGIN`)
  for (const grant of grants) await sql(`GRANT ${grant} TO ${role}`)
  return role
}

/** bemi-ui as that role; ask(path, options) is fetch() of somebody who is signed in. */
export async function startUi(options) {
  const { address, close } = await start({ url: urlOf(options) })
  after(close)
  const { origin, searchParams, port } = new URL(address)
  const cookie = `bemi_ui_${port}=${searchParams.get('token')}`
  const ask = (path, { headers, ...rest } = {}) => fetch(origin + path, { ...rest, headers: { cookie, ...headers } })
  const json = async (path, options) => {
    const response = await ask(path, options)
    return { status: response.status, body: await response.json() }
  }
  return { address, origin, cookie, ask, json, close }
}

/** A POST as our own page sends it. */
export async function post(ui, path, body) {
  const { body: me } = await ui.json('/api/me')
  return ui.json(path, { method: 'POST', body: JSON.stringify(body), headers: { origin: ui.origin, 'x-bemi-token': me.token } })
}

/** Resolves once check() is true; a condition that never is fails the test by its time. */
export async function until(check) {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** Text that does harm where somebody is careless. */
export const hostile = [
  '<img src=x onerror="window.harmed=1">',
  '</script><script>window.harmed=1</script>',
  `"'><svg onload=window.harmed=1>`,
  'javascript:window.harmed=1',
  "'; DROP TABLE todo; --",
  '{{7*7}} ${window.harmed=1} %00 \\u0000',
  '../../etc/passwd',
  '\u202e\u0007\u001b[31mred',
]
