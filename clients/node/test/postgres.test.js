// postgres.js: what bemiBegin() takes and returns, and what must not fail.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import postgres from 'postgres'
import { configure, withContext } from '@bemi/node'
import { bemiBegin } from '@bemi/node/postgres'
import { changes, database, makeSchema, sql as admin } from './support.js'

const schema = await makeSchema('of_postgres')
const sql = postgres({ ...database, max: 2 })
after(() => sql.end())

const insert = (sql, id) => sql`INSERT INTO ${sql(schema)}.todo (id) VALUES (${id}) RETURNING id`
const contexts = async () => (await changes(schema)).map(({ context }) => context)

test('options, what fn returns, several results', async () => {
  await withContext({ user: 7 }, async () => {
    assert.equal(await bemiBegin(sql, async (sql) => (await insert(sql, 1))[0].id), 1)
    const [first, second] = await bemiBegin(sql, 'ISOLATION LEVEL SERIALIZABLE', (sql) => [insert(sql, 2), insert(sql, 3)])
    assert.deepEqual([first[0].id, second[0].id], [2, 3])
    await assert.rejects(bemiBegin(sql, 'READ ONLY', (sql) => insert(sql, 4)), { code: '25006' })
  })
  assert.deepEqual(await contexts(), [{ user: 7 }, { user: 7 }, { user: 7 }])
})

test('without a context it is begin()', async () => {
  await bemiBegin(sql, (sql) => insert(sql, 10))
  assert.deepEqual(await contexts(), [{}])
})

test('the context ends with the transaction', async () => {
  await withContext({ user: 7 }, () => bemiBegin(sql, (sql) => insert(sql, 20)))
  await insert(sql, 21)
  assert.deepEqual(await contexts(), [{ user: 7 }, {}])
})

test('a context that is too large for the server does not fail the transaction', async () => {
  configure({ maxBytes: 1e7 })
  await withContext({ params: 'x'.repeat(2e6) }, () => bemiBegin(sql, (sql) => insert(sql, 30)))
  configure({ maxBytes: 65536 })
  assert.deepEqual(await contexts(), [{}])
})

test('a server without bemi', async () => {
  await admin('DROP DATABASE IF EXISTS postgres_without_bemi')
  await admin('CREATE DATABASE postgres_without_bemi')
  const sql = postgres({ ...database, database: 'postgres_without_bemi' })
  await withContext({ user: 7 }, () => bemiBegin(sql, (sql) => sql`CREATE TABLE todo (id int)`))
  await sql.end()
})
