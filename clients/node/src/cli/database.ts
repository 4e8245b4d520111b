import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Runs fn with a pool of pg, which is the application's: this package brings none. */
export async function withPool<T>(url: string | undefined, fn: (pool: any) => Promise<T>): Promise<T> {
  const connectionString = url ?? process.env.DATABASE_URL
  const pool = new (applicationsPg().Pool)({ max: 2, application_name: 'bemi', ...(connectionString && { connectionString }) })
  pool.on('error', () => {}) // of an idle connection; the next query says it
  try {
    return await fn(pool)
  } finally {
    await pool.end()
  }
}

function applicationsPg(): any {
  try {
    return createRequire(join(process.cwd(), 'package.json'))('pg')
  } catch (error) {
    throw new Error(`this needs node-postgres in your project: npm install pg (${(error as Error).message.split('\n')[0]})`)
  }
}
