// What a role sees that may see little, and what there is to see where bemi is not, or is older.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { makeRole, makeSchema, post, sql, startUi, synced, urlOf } from './support.js'

const schema = await makeSchema('rights')

test('a role sees what it may, and else which GRANT it needs', async () => {
  const nobody = await makeRole('nobody')
  const refused = await (await startUi({ role: nobody })).json('/api/changes')
  assert.deepEqual([refused.status, refused.body.hint], [403, `GRANT SELECT ON bemi.changes TO "${nobody}";`])
  await sql(`CREATE TABLE ${schema}.theirs (id int PRIMARY KEY)`)
  await sql(`SELECT bemi.track('${schema}.theirs')`)
  await sql(`INSERT INTO ${schema}.theirs VALUES (1)`)
  await synced()
  const reader = await makeRole('reader')
  for (const grant of [`USAGE ON SCHEMA ${schema}`, `SELECT ON ${schema}.theirs`, 'SELECT ON bemi.readable_changes']) await sql(`GRANT ${grant} TO ${reader}`)
  const theirs = await startUi({ role: reader })
  const seen = (await theirs.json('/api/changes')).body.changes
  assert.deepEqual(new Set(seen.map(({ table }) => table)), new Set(['theirs']))
  assert.equal((await theirs.json(`/api/as-of/${schema}/theirs?at=2026-01-01`)).body.hint, `GRANT SELECT ON bemi.changes TO "${reader}";`)
  const auditor = await makeRole('auditor')
  await sql(`GRANT SELECT ON bemi.changes, bemi.status, bemi.gaps TO ${auditor}`)
  const audit = await startUi({ role: auditor })
  const status = (await audit.json('/api/status')).body
  assert.deepEqual([typeof status.status.state, Array.isArray(status.gaps), status.errors], ['string', true, { refused: `GRANT SELECT ON bemi.errors TO "${auditor}";` }])
  assert.equal((await audit.json('/api/doctor')).body.hint, `GRANT EXECUTE ON FUNCTION bemi.doctor() TO "${auditor}";`)
  assert.equal((await post(audit, '/api/revert', { selector: { relation: `${schema}.todo`, since: '2001-01-01' } })).status, 403)
})

test('a database without bemi, and one with an older one', async () => {
  const name = `ui_without_${process.pid}`
  await sql(`CREATE DATABASE ${name}`)
  const without = await startUi({ name })
  assert.deepEqual(await without.json('/api/changes').then(({ status, body }) => [status, body.code, body.hint]), [404, 'no_bemi', 'CREATE EXTENSION bemi;'])
  const client = new pg.Client(urlOf({ name }))
  await client.connect()
  await client.query('CREATE EXTENSION bemi')
  await client.query(`ALTER EXTENSION bemi DROP VIEW bemi.readable_changes; DROP VIEW bemi.readable_changes`)
  assert.equal((await without.json('/api/changes')).status, 200)
  assert.equal((await without.json('/api/status')).status, 200)
  await client.query(`ALTER EXTENSION bemi DROP TABLE bemi.changes; ALTER TABLE bemi.changes RENAME COLUMN sequence TO former`)
  assert.deepEqual(await without.json('/api/changes').then(({ status, body }) => [status, body.code]), [404, 'old_bemi'])
  await client.end()
})
