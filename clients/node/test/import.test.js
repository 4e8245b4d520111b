// examples/moving-from-bemihq/import.sql: ids as they were, an order below that of this server.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { withContext } from '@bemi/node'
import { instrumentPool } from '@bemi/node/pg'
import { database, sql } from './support.js'

const name = `moved_${process.versions.node.split('.')[0]}`
await sql(`CREATE DATABASE ${name}`)
const pool = instrumentPool(new pg.Pool({ ...database, database: name }))
after(async () => {
  await pool.query('SELECT bemi.stop(drop_slot => true)')
  await pool.end()
})
const script = fileURLToPath(new URL('../../../examples/moving-from-bemihq/import.sql', import.meta.url))
const runImport = (...args) => promisify(execFile)(process.env.PSQL, ['-X', '-q', '-d', name, ...args, '-f', script])

const id = (number) => `f47ac10b-58cc-4372-a567-0000000000${String(number).padStart(2, '0')}`
const insert = (table, number, key, operation, time, transaction, position) =>
  pool.query(
    `INSERT INTO ${table} VALUES ($1, now(), 'app', 'public', 'todo', $2, $3, NULL, '{"id": 1}', NULL, $4, now(), $5, $6)`,
    [id(number), key, operation, time, transaction, position],
  )

test('old changes get in between with their ids, in their order, once', async () => {
  for (const table of ['changes', 'old.changes']) {
    if (table === 'old.changes') await pool.query('CREATE SCHEMA old')
    await pool.query(`CREATE TABLE ${table} (
      id uuid PRIMARY KEY, created_at timestamptz, database text, schema text, "table" text, primary_key text, operation text,
      before jsonb, after jsonb, context jsonb, committed_at timestamptz, queued_at timestamptz, transaction_id bigint, position bigint)`)
  }
  await pool.query('CREATE EXTENSION bemi; CREATE TABLE todo (id int PRIMARY KEY); SELECT bemi.track($$todo$$); SELECT bemi.start()')
  await withContext({ user: 7 }, () => pool.query('INSERT INTO todo VALUES (1)'))
  await pool.query('SELECT bemi.sync()')

  await insert('changes', 3, '1', 'UPDATE', '2023-12-11 17:09:15Z', 755, 9000000000)
  await insert('changes', 1, '1', 'CREATE', '2023-12-11 17:09:09Z', 754, 9100000000)
  await insert('changes', 2, '2', 'CREATE', '2023-12-11 17:09:09Z', 754, 9100000008)
  await runImport()
  await insert('changes', 4, '1', 'DELETE', new Date(), 756, 1)
  await runImport()
  await runImport()
  await insert('old.changes', 5, '9', 'CREATE', '2019-01-01 00:00:00Z', 1, 1)
  await runImport('-v', 'source=old.changes')

  const { rows } = await pool.query('SELECT * FROM bemi.changes ORDER BY commit_position, sequence')
  const native = rows.pop()
  assert.deepEqual([native.operation, native.context], ['CREATE', { user: 7 }])
  assert.ok(Number(native.commit_position) > 1000)
  const shown = rows.map((row) => [row.id, row.primary_key, row.operation, Number(row.commit_position), Number(row.sequence)])
  assert.deepEqual(shown.toSorted(), [
    [id(1), '1', 'CREATE', 1, 0],
    [id(2), '2', 'CREATE', 1, 1],
    [id(3), '1', 'UPDATE', 2, 0],
    [id(4), '1', 'DELETE', 3, 0],
    [id(5), '9', 'CREATE', 1, 0],
  ])
  assert.deepEqual([rows[0].before, rows[0].after, rows[0].context], [{}, { id: 1 }, {}])
  assert.equal(rows.find(({ id: each }) => each === id(3)).position, '9000000000')

  const { rows: problems } = await pool.query("SELECT * FROM bemi.doctor() WHERE NOT ok AND \"check\" IN ('indexes', 'partitions', 'privileges')")
  assert.deepEqual(problems, [])
  await pool.query('INSERT INTO todo VALUES (2)')
  await pool.query('SELECT bemi.sync()')
  assert.equal((await pool.query('SELECT FROM bemi.changes')).rowCount, 7)
})
