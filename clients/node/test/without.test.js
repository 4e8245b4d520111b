// A database without bemi: every adapter warns once. A process each, because they would warn once together.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { database, sql } from './support.js'

const name = `warns_${process.versions.node.split('.')[0]}`
await sql(`CREATE DATABASE ${name}`)
const connection = { ...database, database: name }

const script = (adapter) => `
import { withContext } from '@bemi/node'
import { open } from './adapters/${adapter}.js'
const warned = new Promise((resolve) => process.once('warning', resolve))
const db = await open({ connection: ${JSON.stringify(connection)}, schema: '${adapter}', max: 2 })
await db.query('CREATE SCHEMA ${adapter}')
await db.query('CREATE TABLE ${adapter}.todo (id int, task text)')
const write = (id) => withContext({ user: 7 }, async () => await db.insert(id, 'Sleep'))
await write(1)
await warned
await Promise.all([2, 3, 4].map(write))
await db.transaction((writer) => withContext({ user: 7 }, async () => await writer.insert(5, 'Sleep')))
console.log((await db.query('SELECT FROM ${adapter}.todo')).length)
await db.close()`

for (const adapter of ['pg', 'drizzle', 'kysely', 'knex', 'sequelize', 'typeorm', 'postgres']) {
  test(`${adapter}: it works, and one warning says so`, async () => {
    const args = ['--input-type=module', '-e', script(adapter)]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname })
    assert.equal(stdout, '5\n')
    assert.deepEqual(stderr.match(/^\(node:\d+\).*$/gm).map((line) => line.replace(/^\(node:\d+\) /, '')), [
      '[BEMI_NOT_INSTALLED] BemiWarning: the database does not have the extension bemi, so contexts are not kept there',
    ])
  })
}
