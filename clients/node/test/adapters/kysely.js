import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { instrumentPool } from '@bemi/node/pg'

export async function open({ connection, schema, max }) {
  const pool = instrumentPool(new pg.Pool({ ...connection, max }))
  const writer = (db) => ({
    insert: (id, task) => db.withSchema(schema).insertInto('todo').values({ id, task }).execute(),
    update: (id, task) => db.withSchema(schema).updateTable('todo').set({ task }).where('id', '=', id).execute(),
    remove: (id) => db.withSchema(schema).deleteFrom('todo').where('id', '=', id).execute(),
  })
  const db = new Kysely({ dialect: new PostgresDialect({ pool }) })
  return {
    ...writer(db),
    query: async (text) => (await db.executeQuery(CompiledQuery.raw(text))).rows,
    transaction: (fn) => db.transaction().execute((transaction) => fn(writer(transaction))),
    close: () => db.destroy(),
  }
}
