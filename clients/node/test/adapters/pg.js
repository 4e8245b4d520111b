import pg from 'pg'
import { instrumentPool } from '@bemi/node/pg'

export async function open({ connection, schema, max }) {
  const pool = instrumentPool(new pg.Pool({ ...connection, max }))
  const writer = (client) => ({
    insert: (id, task) => client.query(`INSERT INTO ${schema}.todo (id, task) VALUES ($1, $2)`, [id, task]),
    update: (id, task) => client.query(`UPDATE ${schema}.todo SET task = $2 WHERE id = $1`, [id, task]),
    remove: (id) => client.query(`DELETE FROM ${schema}.todo WHERE id = $1`, [id]),
  })
  return {
    ...writer(pool),
    insertPrepared: (id, task) => pool.query({ name: 'insert_todo', text: `INSERT INTO ${schema}.todo (id, task) VALUES ($1, $2)`, values: [id, task] }),
    query: async (text) => (await pool.query(text)).rows,
    async transaction(fn) {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await fn(writer(client))
        await client.query('COMMIT')
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      } finally {
        client.release()
      }
    },
    close: () => pool.end(),
  }
}
