import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withContext } from '@bemi/node'
import { acceptance } from './acceptance.js'
import { changes, database, makeSchema } from './support.js'

const adapters = {}
for (const name of ['pg', 'drizzle', 'kysely', 'knex', 'sequelize', 'typeorm', 'postgres']) {
  adapters[name] = (await import(`./adapters/${name}.js`)).open
  acceptance(name, adapters[name])
}

// The others have no statements that a user names.
for (const name of ['pg', 'drizzle']) {
  test(`${name}: a prepared statement under two contexts, and under none`, async () => {
    const schema = await makeSchema(`prepared_${name}`)
    const db = await adapters[name]({ connection: database, schema, max: 1 })
    await db.insertPrepared(1, 'Sleep')
    await withContext({ user: 7 }, () => db.insertPrepared(2, 'Eat'))
    await withContext({ user: 8 }, () => db.insertPrepared(3, 'Code'))
    await db.insertPrepared(4, 'Repeat')
    assert.deepEqual((await changes(schema)).map(({ context }) => context), [{}, { user: 7 }, { user: 8 }, {}])
    assert.deepEqual(await db.query('SELECT name FROM pg_prepared_statements'), [{ name: 'insert_todo' }])
    await db.close()
  })
}
