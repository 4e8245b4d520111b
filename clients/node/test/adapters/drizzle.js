import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgSchema, text } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { instrumentPool } from '@bemi/node/pg'

export async function open({ connection, schema, max }) {
  const pool = instrumentPool(new pg.Pool({ ...connection, max }))
  const todo = pgSchema(schema).table('todo', { id: integer().primaryKey(), task: text() })
  const writer = (db) => ({
    insert: (id, task) => db.insert(todo).values({ id, task }), // a builder: it starts when it is awaited
    update: (id, task) => db.update(todo).set({ task }).where(eq(todo.id, id)),
    remove: (id) => db.delete(todo).where(eq(todo.id, id)),
  })
  const db = drizzle(pool)
  const values = { id: sql.placeholder('id'), task: sql.placeholder('task') }
  const prepared = db.insert(todo).values(values).prepare('insert_todo')
  return {
    ...writer(db),
    insertPrepared: (id, task) => prepared.execute({ id, task }),
    query: async (text) => (await db.execute(sql.raw(text))).rows,
    transaction: (fn) => db.transaction((transaction) => fn(writer(transaction))),
    close: () => pool.end(),
  }
}
