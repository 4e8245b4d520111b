import knex from 'knex'
import { withBemi } from '@bemi/node/knex'

export async function open({ connection, schema, max }) {
  const db = knex(withBemi({ client: 'pg', connection, pool: { min: 0, max } }))
  const writer = (db) => ({
    insert: (id, task) => db('todo').withSchema(schema).insert({ id, task }), // a builder
    update: (id, task) => db('todo').withSchema(schema).where({ id }).update({ task }),
    remove: (id) => db('todo').withSchema(schema).where({ id }).delete(),
  })
  return {
    ...writer(db),
    query: async (text) => (await db.raw(text)).rows,
    transaction: (fn) => db.transaction((transaction) => fn(writer(transaction))),
    close: () => db.destroy(),
  }
}
