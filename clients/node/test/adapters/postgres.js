import postgres from 'postgres'
import { bemiBegin } from '@bemi/node/postgres'

export async function open({ connection, schema, max }) {
  const isBouncer = connection.port === 6432
  const sql = postgres({ ...connection, max, prepare: !isBouncer, onnotice: () => {} })
  const writer = (sql) => ({
    insert: (id, task) => sql`INSERT INTO ${sql(schema)}.todo (id, task) VALUES (${id}, ${task})`,
    update: (id, task) => sql`UPDATE ${sql(schema)}.todo SET task = ${task} WHERE id = ${id}`,
    remove: (id) => sql`DELETE FROM ${sql(schema)}.todo WHERE id = ${id}`,
  })
  const transaction = (fn) => bemiBegin(sql, (transaction) => fn(writer(transaction)))
  return {
    insert: (id, task) => transaction((writer) => writer.insert(id, task)),
    update: (id, task) => transaction((writer) => writer.update(id, task)),
    remove: (id) => transaction((writer) => writer.remove(id)),
    query: (text) => sql.unsafe(text),
    execute: (text) => bemiBegin(sql, (transaction) => transaction.unsafe(text)),
    transaction,
    contextOf: 'transaction', // not that of each statement
    diesWithConnection: 'postgres.js 3.4.9 writes ROLLBACK to the closed socket, which ends the process',
    close: () => sql.end(),
  }
}
