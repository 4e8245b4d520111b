// The database, to be read: each question in a transaction that cannot write, and that ends in time.
import pg from 'pg'

/** Values stay the text that the server sent: nothing is rounded, no time loses its microseconds. */
const types = { getTypeParser: () => (value) => value }

const limits = {
  /** How long a question may take, in milliseconds. */
  statement: 10_000,
  /** For a connection, also one that others have just now. */
  connect: 10_000,
}

/** Nobody's operators or functions come before PostgreSQL's own, and what is shown depends on no setting of the role. */
const settings = `SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL statement_timeout = ${limits.statement};
  SET LOCAL "TimeZone" = 'UTC'; SET LOCAL "DateStyle" = 'ISO, YMD'; SET LOCAL "IntervalStyle" = 'postgres';
  SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL jit = off`

export function openDatabase(url) {
  const config = { application_name: 'bemi-ui', connectionTimeoutMillis: limits.connect, keepAlive: true, types }
  if (url !== undefined) config.connectionString = url
  const pool = new pg.Pool({ ...config, max: 6, idleTimeoutMillis: 30_000 })
  // A connection may be lost at any time; the next question says it.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))

  /** Runs fn(query) in a transaction; query(text, values) resolves to rows of texts. */
  async function transaction(begin, fn) {
    const client = await pool.connect()
    let broken
    try {
      await client.query(`${begin}; ${settings}`)
      const result = await fn(async (text, values) => (await client.query(text, values)).rows)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch((lost) => (broken = lost))
      throw error
    } finally {
      client.release(broken)
    }
  }

  return {
    read: (fn) => transaction('BEGIN READ ONLY', fn),
    rows: (text, values) => transaction('BEGIN READ ONLY', (query) => query(text, values)),
    /** A connection for itself alone, which the caller ends. */
    connect: async () => {
      const client = new pg.Client(config)
      client.on('error', () => {})
      await client.connect()
      return client
    },
    settings,
    close: () => pool.end(),
  }
}
