// The command line.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { bemiDownSql, bemiUpSql } from '@bemi/node'
import { database, makeSchema, range, sql } from './support.js'

const program = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const here = fileURLToPath(new URL('.', import.meta.url)) // where pg is

/** Runs bemi; the status, and what it said. */
function bemi(args, options = {}) {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: here, ...options }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr }),
    )
  })
}

async function directory() {
  const path = await mkdtemp(join(tmpdir(), 'bemi-'))
  after(() => rm(path, { recursive: true }))
  return path
}

const databaseName = `migrated_${process.versions.node.split('.')[0]}`
await sql(`CREATE DATABASE ${databaseName}`)
const migrated = new pg.Pool({ ...database, database: databaseName })
after(async () => {
  await migrated.query('SELECT bemi.stop(drop_slot => true)')
  await migrated.end()
})
const tracked = async () =>
  (await migrated.query('SELECT relation::text FROM bemi.tracked_tables WHERE level IS NOT NULL ORDER BY 1')).rows.map(({ relation }) => relation)

const names = ['public', `Audit "log" \\ 'x' \`y\` \${z};\n--`]
const quoted = (name) => `"${name.replaceAll('"', '""')}"`

for (const [index, name] of names.entries()) {
  test(`migration:create: what it writes for schema ${JSON.stringify(name)}, up and down`, async () => {
    const schema = quoted(name)
    if (index > 0) await migrated.query(`CREATE SCHEMA ${schema}`)
    for (const table of ['todo', 'mikro_orm_migrations', 'knex_migrations', 'knex_migrations_lock', 'migrations', '_prisma_migrations']) {
      await migrated.query(`CREATE TABLE ${schema}.${table} (id int PRIMARY KEY)`)
    }
    const path = await directory()
    await mkdir(join(path, 'node_modules/@mikro-orm/migrations'), { recursive: true })
    await writeFile(join(path, 'node_modules/@mikro-orm/migrations/index.js'), 'exports.Migration = class {}')
    const written = {}
    for (const orm of ['mikro-orm', 'typeorm', 'knex', 'prisma', 'sql']) {
      const { status, stdout } = await bemi(['migration:create', '--path', join(path, orm), '--orm', orm, '--schema', name, '--emit', 'js'])
      assert.equal(status, 0)
      assert.match(stdout, /CALL bemi\.track_each/)
      written[orm] = (await readdir(join(path, orm), { recursive: true })).filter((name) => /\.(js|sql)$/.test(name)).sort()
    }
    assert.match(written['mikro-orm'][0], /^Migration\d{14}_bemi\.js$/)
    assert.match(written.typeorm[0], /^\d{13}-Bemi\.js$/)
    assert.match(written.knex[0], /^\d{14}_bemi\.js$/)
    assert.match(written.prisma[0], /^\d{14}_bemi\/migration\.sql$/)
    assert.match(written.sql.join(), /^\d{14}_bemi\.down\.sql,\d{14}_bemi\.up\.sql$/)

    const load = (orm) => import(join(path, orm, written[orm][0]))
    const text = (orm, name) => readFile(join(path, orm, name), 'utf8')
    const [Mikro] = Object.values(await load('mikro-orm'))
    const [Type] = Object.values(await load('typeorm'))
    const { up, down } = await load('knex')
    const mikro = (method) => Object.assign(new Mikro(), { addSql: (text) => (mikro.sql += `${text};`) })[method]()
    const play = {
      'mikro-orm': async (method) => {
        mikro.sql = ''
        await mikro(method)
        await migrated.query(`BEGIN; ${mikro.sql} COMMIT`)
      },
      typeorm: (method) => new Type()[method]({ query: (text) => migrated.query(text) }),
      knex: (method) => (method === 'up' ? up : down)({ raw: (text) => migrated.query(text) }),
      prisma: async (method) => migrated.query(method === 'up' ? await text('prisma', written.prisma[0]) : bemiDownSql({ schema: name })),
      sql: async (method) => migrated.query(await text('sql', written.sql[method === 'up' ? 1 : 0])),
    }
    const before = await tracked().catch(() => [])
    const untracked = {
      'mikro-orm': ['mikro_orm_migrations'],
      typeorm: [],
      knex: ['knex_migrations', 'knex_migrations_lock'],
      prisma: ['_prisma_migrations'],
      sql: [],
    }
    for (const orm of Object.keys(play)) {
      await play[orm]('up')
      const now = await tracked()
      const added = now.filter((relation) => !before.includes(relation))
      assert.equal(added.length, 6 - untracked[orm].length, orm)
      const { rows } = await migrated.query(`SELECT found FROM bemi.doctor() WHERE "check" = 'tables' AND NOT ok`)
      assert.deepEqual(rows, [])
      for (const table of untracked[orm]) assert.ok(!added.some((relation) => relation.endsWith(table)), `${orm}: ${added}`)
      await play[orm]('down')
      assert.deepEqual(await tracked(), before)
    }
  })
}

test('migration:create for Drizzle fills the file that drizzle-kit made', async () => {
  const path = await directory()
  const args = ['migration:create', '--path', path, '--orm', 'drizzle']
  const none = await bemi(args)
  assert.deepEqual([none.status, none.stderr.includes('drizzle-kit generate --custom')], [2, true])
  await migrated.query('CREATE TABLE IF NOT EXISTS todo (id int)')
  await writeFile(join(path, '0003_bemi.sql'), '-- Custom SQL migration file, put your code below! --')
  assert.equal((await bemi(args)).status, 0)
  const statements = (await readFile(join(path, '0003_bemi.sql'), 'utf8')).split('--> statement-breakpoint')
  assert.equal(statements.length, 3)
  for (const statement of statements) await migrated.query(statement)
  await migrated.query(bemiDownSql())
  assert.match((await bemi(args)).stderr, /filled already/)
})

test('migration:create in TypeScript, as BemiHQ\'s package is called', async () => {
  const path = await directory()
  assert.equal((await bemi(['migration:create', '--path', join(path, 'src/migrations')])).status, 0)
  const [name] = await readdir(join(path, 'src/migrations'))
  const text = await readFile(join(path, 'src/migrations', name), 'utf8')
  assert.match(text, /export class Migration\d{14}_bemi extends Migration \{\n {2}async up\(\): Promise<void> \{/)
  assert.equal(bemiUpSql().match(/;\n/g).length, 4)
})

test('wrong arguments', async () => {
  for (const args of [[], ['nonsense'], ['migration:create'], ['doctor', 'a', 'b'], ['migration:create', 'x', '--path', 'y']]) {
    const { status, stderr } = await bemi(args)
    assert.deepEqual([status, /^usage: bemi/.test(stderr)], [2, true], args.join(' '))
  }
  for (const args of [['--nonsense'], ['migration:create', '--path', 'x', '--orm', 'constructor'], ['migration:create', '--path', 'x', '--emit', 'c']]) {
    const { status, stderr } = await bemi(args)
    assert.deepEqual([status, /^bemi: /.test(stderr)], [2, true], args.join(' '))
  }
  assert.equal((await bemi(['--help'])).status, 0)
})

const url = (name) => `postgresql://postgres@/${name}?host=${encodeURIComponent(database.host)}&port=${database.port}`

test('doctor: what the server says, and that contexts arrive', async () => {
  const { status, stdout } = await bemi(['doctor', url('postgres')])
  assert.match(stdout, /^✔ package: contexts arrive$/m)
  assert.match(stdout, /^✔ worker/m)
  assert.equal(status, /^✘/m.test(stdout) ? 1 : 0)
})

test('doctor: a database without the extension, a server that is not there, no pg', async () => {
  const name = `doctor_${databaseName}`
  await sql(`CREATE DATABASE ${name}`)
  const without = await bemi(['doctor'], { env: { ...process.env, DATABASE_URL: url(name) } })
  assert.equal(without.status, 1)
  assert.match(without.stdout, /^✘ extension: .*\n {4}CREATE EXTENSION bemi;$/m)
  assert.equal((await bemi(['doctor', 'postgresql://nobody@127.0.0.1:1/x'])).status, 2)
  assert.match((await bemi(['doctor'], { cwd: await directory() })).stderr, /npm install pg/)
})

test('tail: the last changes, then each new one; filters; nothing that a terminal obeys', async () => {
  const schema = await makeSchema('of_tail')
  const other = await makeSchema('of_tail_too')
  const insert = (schema, id, task, context) =>
    sql(`/*Bemi ${JSON.stringify(context)} Bemi*/ INSERT INTO ${schema}.todo VALUES ($1, $2)`, [id, task])
  await insert(schema, 1, 'Sleep', { user: 7 })
  await insert(schema, 2, 'Sleep', { user: 8 })
  await insert(other, 3, 'Sleep', { user: 7 })
  await sql('SELECT bemi.sync()')
  const child = spawn(process.execPath, [program, 'tail', url('postgres'), '--table', `${schema}.todo`, '--ctx', 'user=7'], { cwd: here })
  after(() => child.kill())
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => (await lines.next()).value.replace(/^\d\d:\d\d:\d\d\.\d{3} /, '')
  assert.equal(await next(), `CREATE   ${schema}.todo 1 {"id":1,"task":"Sleep","is_completed":false} {"user":7}`)
  // The lock of those who have called bemi.listen().
  const [{ count }] = await sql("SELECT count(*)::int FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE objsubid = 18 AND application_name = 'bemi'")
  assert.ok(count > 0, 'the worker tells it')
  await insert(schema, 4, '\u001b[31m\u009b', { user: '7' })
  assert.equal(await next(), `CREATE   ${schema}.todo 4 {"id":4,"task":"\\u001b[31m\ufffd","is_completed":false} {"user":"7"}`)
  await sql(`/*Bemi {"user": 7} Bemi*/ UPDATE ${schema}.todo SET task = 'Nap' WHERE id = 1`)
  assert.equal(await next(), `UPDATE   ${schema}.todo 1 task: "Sleep" → "Nap" {"user":7}`)
  await sql(`/*Bemi {"user": 7} Bemi*/ DELETE FROM ${schema}.todo WHERE id = 1`)
  assert.equal(await next(), `DELETE   ${schema}.todo 1 {"id":1,"task":"Nap","is_completed":false} {"user":7}`)
})
