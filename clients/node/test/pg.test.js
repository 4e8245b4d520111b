// node-postgres: every form of a query, and what goes wrong with connections.
import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { configure, currentContext, withContext, withoutContext } from '@bemi/node'
import { instrumentClient, instrumentPool } from '@bemi/node/pg'
import { changes, database, makeSchema, pause, range, sql } from './support.js'

const schema = await makeSchema('of_pg')
const pool = instrumentPool(new pg.Pool({ ...database, max: 2 }))
pool.on('error', () => {}) // a test lets a connection die
after(() => pool.end())

const insert = `INSERT INTO ${schema}.todo (id, task) VALUES ($1, $2)`
const contexts = async () => (await changes(schema)).map(({ context }) => context)

async function withClient(fn) {
  const client = await pool.connect()
  let failed = true
  try {
    const result = await fn(client)
    failed = false
    return result
  } finally {
    client.release(failed) // a client that failed is not used again
  }
}

/** Calls a function that takes a callback as its last argument. */
const called = (object, method, ...args) =>
  new Promise((resolve, reject) => object[method](...args, (error, result) => (error ? reject(error) : resolve(result))))

test('text, values, configuration, array mode', async () => {
  await withContext({ user: 7 }, async () => {
    await pool.query(`INSERT INTO ${schema}.todo VALUES (1)`)
    await pool.query(insert, [2, 'Eat'])
    await pool.query({ text: insert, values: [3, 'Eat'] })
    const { rows } = await pool.query({ text: `${insert} RETURNING id`, rowMode: 'array' }, [4, 'Eat'])
    assert.deepEqual(rows, [[4]])
  })
  assert.deepEqual(await contexts(), range(4).map(() => ({ user: 7 })))
})

test('a configuration stays as it was, and may be of a class, or frozen', async () => {
  class Statement {
    constructor(values) {
      this.values = values
      this.name = 'of a class'
    }
    get text() {
      return insert
    }
  }
  const plain = Object.freeze({ name: 'plain', text: insert, values: [11, 'Eat'] })
  await withContext({ user: 7 }, async () => {
    await pool.query(new Statement([10, 'Eat']))
    await pool.query(plain)
  })
  assert.deepEqual(plain, { name: 'plain', text: insert, values: [11, 'Eat'] })
  assert.deepEqual(await contexts(), [{ user: 7 }, { user: 7 }])
})

test('callbacks, and the context within them', async () => {
  await Promise.all(
    range(20).map((index) =>
      withContext({ request: 20 + index }, async () => {
        await new Promise((resolve, reject) => {
          pool.query(insert, [20 + index, 'Eat'], (error) => {
            if (error) return reject(error)
            pool.query(`UPDATE ${schema}.todo SET task = 'Nap' WHERE id = ${20 + index}`, (error) => {
              if (error) return reject(error)
              pool.connect((error, client, release) => {
                if (error) return reject(error)
                client.query(`DELETE FROM ${schema}.todo WHERE id = $1`, [20 + index], (error) => {
                  release()
                  assert.deepEqual(currentContext(), { request: 20 + index })
                  error ? reject(error) : resolve()
                })
              })
            })
          })
        })
      }),
    ),
  )
  const all = await changes(schema)
  assert.equal(all.length, 60)
  for (const { primary_key, context } of all) assert.equal(context.request, Number(primary_key))
})

test('a query object, a cursor, a stream, COPY', async () => {
  const returning = `${insert} RETURNING id`
  await withContext({ user: 7 }, () =>
    withClient(async (client) => {
      await called(client, 'query', new pg.Query(insert, [50, 'Eat']))
      const cursor = client.query(new Cursor(returning, [51, 'Eat']))
      assert.deepEqual(await cursor.read(10), [{ id: 51 }])
      await cursor.close()
      const rows = await client.query(new QueryStream(returning, [52, 'Eat'])).toArray()
      assert.deepEqual(rows, [{ id: 52 }])
      await pipeline(Readable.from(['53\tEat\tf\n', '54\tEat\tf\n']), client.query(copyFrom(`COPY ${schema}.todo FROM STDIN`)))
    }),
  )
  assert.deepEqual(await contexts(), range(5).map(() => ({ user: 7 })))
})

test('a comment or a semicolon at the end, and one at the beginning', async () => {
  const update = `UPDATE ${schema}.todo SET task = 'x' WHERE id = 1`
  await withContext({ user: 7 }, async () => {
    for (const text of [`${update} -- tail`, `${update};`, `${update} ; -- tail`, `-- head\n${update}`, `/* a */ ${update}`]) {
      await pool.query(text)
    }
  })
  assert.deepEqual(await contexts(), range(5).map(() => ({ user: 7 })))
})

test('several statements in one string', async () => {
  const one = (id) => `INSERT INTO ${schema}.todo VALUES (${id})`
  await withContext({ user: 7 }, async () => {
    await pool.query(`${one(60)}; ${one(61)} /*Bemi {"step": 2} Bemi*/; SELECT 1; ${one(62)}`)
    await pool.query(`BEGIN; ${one(63)}; COMMIT; ${one(64)}`)
    await pool.query(`SELECT 1 FROM ${schema}.todo; ${one(65)}`)
  })
  const seven = { user: 7 }
  assert.deepEqual(await contexts(), [seven, { user: 7, step: 2 }, seven, seven, seven, seven])
})

test('a named statement under two contexts, and under none', async () => {
  await withClient(async (client) => {
    const named = (id) => client.query({ name: 'insert', text: insert, values: [id, 'Eat'] })
    const select = () => client.query({ name: 'select', text: `SELECT id FROM ${schema}.todo WHERE id = $1`, values: [1] })
    await named(70)
    await withContext({ user: 7 }, async () => {
      await named(71)
      await select()
    })
    await withContext({ user: 8 }, async () => {
      await named(72)
      await select()
    })
    await named(73)
    const { rows } = await client.query('SELECT name FROM pg_prepared_statements ORDER BY name')
    assert.deepEqual(rows, [{ name: 'insert' }, { name: 'select' }])
  })
  assert.deepEqual(await contexts(), [{}, { user: 7 }, { user: 8 }, {}])
})

test('a client used after release() writes with the context of the code that uses it', async () => {
  const [client] = await withContext({ user: 7 }, async () => [await pool.connect()])
  client.release()
  await withContext({ user: 8 }, () => client.query(insert, [80, 'Eat']))
  await client.query(insert, [81, 'Eat'])
  assert.deepEqual(await contexts(), [{ user: 8 }, {}])
})

test('a client that dies in the middle fails its statement; the next one has its context', async () => {
  await withContext({ user: 7 }, async () => {
    await assert.rejects(
      withClient(async (client) => {
        client.on('error', () => {})
        await client.query('BEGIN')
        await client.query(insert, [90, 'Eat'])
        const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
        const waiting = assert.rejects(client.query('SELECT pg_sleep(60)'))
        await sql('SELECT pg_terminate_backend($1)', [rows[0].pid])
        await waiting
        await client.query('COMMIT')
      }),
    )
    await pool.query(insert, [91, 'Eat'])
  })
  const all = await changes(schema)
  assert.deepEqual(all.map(({ primary_key, context }) => [primary_key, context]), [['91', { user: 7 }]])
})

test('errors are the errors of the server and of pg', async () => {
  await withContext({ user: 7 }, async () => {
    await assert.rejects(pool.query('INSERT INTO no_such_table VALUES (1)'), { code: '42P01' })
    await assert.rejects(called(pool, 'query', 'INSERT INTO no_such_table VALUES (1)'), { code: '42P01' })
    await assert.rejects(pool.query({}), /text/)
    await withClient(async (client) => assert.throws(() => client.query(null), TypeError))
  })
})

test('a closed pool says what it says without us', async () => {
  const own = new pg.Pool(database)
  const ours = instrumentPool(new pg.Pool(database))
  for (const pool of [own, ours]) await pool.end()
  const message = await own.query('SELECT 1').catch((error) => error.message)
  for (const query of [() => ours.query('SELECT 1'), () => ours.connect(), () => called(ours, 'connect')]) {
    await assert.rejects(withContext({ user: 7 }, query), { message })
  }
  instrumentPool(own) // does no harm
})

test('a client without a pool; instrumented twice is once', async () => {
  const client = instrumentClient(instrumentClient(new pg.Client(database)))
  await client.connect()
  await withContext({ user: 7 }, () => client.query(insert, [100, 'Eat']))
  await client.end()
  assert.deepEqual(await contexts(), [{ user: 7 }])
  assert.equal(instrumentPool(pool), pool)
})

test('what arrives on a connection has no context, whoever opened it', async () => {
  const pool = instrumentPool(new pg.Pool({ ...database, max: 1 }))
  const arrived = new Promise((resolve) => {
    withContext({ user: 7 }, async () => {
      const client = await pool.connect()
      withoutContext(() => client.on('notification', () => resolve(currentContext())))
      await client.query('LISTEN something')
      await sql('NOTIFY something')
      await arrived
      client.release()
    })
  })
  assert.equal(await arrived, undefined)
  await pool.end()
})

test('two copies of the package share scopes, and add one comment', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'bemi-'))
  after(() => rm(copy, { recursive: true }))
  await cp(new URL('../dist', import.meta.url), copy, { recursive: true })
  await cp(new URL('../package.json', import.meta.url), join(copy, 'package.json'))
  const other = { ...(await import(join(copy, 'index.js'))), ...(await import(join(copy, 'pg.js'))) }
  assert.notEqual(other.withContext, withContext)
  other.instrumentPool(pool)
  await other.withContext({ user: 7 }, () =>
    withContext({ step: 1 }, async () => {
      other.mergeContext({ job: 'x' })
      await pool.query(insert, [110, 'Eat'])
      const { rows } = await pool.query('SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() /* no from */ -- ')
      assert.doesNotMatch(rows[0].query, /Bemi/)
      const [{ current_query }] = (await pool.query('SELECT current_query()')).rows
      assert.equal(current_query.match(/\/\*Bemi/g).length, 1)
    }),
  )
  assert.deepEqual(await contexts(), [{ user: 7, step: 1, job: 'x' }])
})

test('two copies of pg', async () => {
  const require = createRequire(import.meta.url)
  for (const file of Object.keys(require.cache)) if (/node_modules\/pg/.test(file)) delete require.cache[file]
  const otherPg = require('pg')
  assert.notEqual(otherPg.Pool, pg.Pool)
  const other = instrumentPool(new otherPg.Pool({ ...database, max: 2 }))
  await Promise.all(
    range(20).map((index) =>
      withContext({ request: 120 + index }, async () => {
        await pause()
        await (index % 2 ? pool : other).query(insert, [120 + index, 'Eat'])
      }),
    ),
  )
  await other.end()
  for (const { primary_key, context } of await changes(schema)) assert.equal(context.request, Number(primary_key))
})

test('too large for the package: the largest keys go. Too large for the server: the write goes on', async () => {
  const large = { user: 7, params: { file: 'x'.repeat(2e6) } }
  await withContext(large, () => pool.query(insert, [150, 'Eat']))
  configure({ maxBytes: 1e7 })
  await withContext(large, () => pool.query(insert, [151, 'Eat']))
  configure({ maxBytes: 65536 })
  assert.deepEqual(await contexts(), [{ user: 7, 'bemi.dropped': ['params'] }, {}])
})

test('a database whose encoding lacks a character of the context', async () => {
  const name = `latin1_${process.versions.node.split('.')[0]}`
  await sql(`CREATE DATABASE ${name} ENCODING LATIN1 TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`)
  const latin1 = instrumentPool(new pg.Pool({ ...database, database: name }))
  await latin1.query('CREATE EXTENSION bemi; CREATE TABLE todo (id int); SELECT bemi.track($$todo$$)')
  await withContext({ name: '😀 é' }, () => latin1.query('INSERT INTO todo VALUES (1)'))
  const { rows } = await latin1.query('SELECT * FROM todo')
  assert.deepEqual(rows, [{ id: 1 }])
  await latin1.end()
})

test('a server without bemi: it works, and one warning says so', async () => {
  await sql('DROP DATABASE IF EXISTS without_bemi')
  await sql('CREATE DATABASE without_bemi')
  const codes = []
  process.on('warning', ({ code }) => codes.push(code))
  const warned = new Promise((resolve) => process.once('warning', resolve))
  const plain = range(2).map(() => instrumentPool(new pg.Pool({ ...database, database: 'without_bemi' })))
  for (const pool of plain) {
    await withContext({ user: 7 }, async () => {
      await pool.query('CREATE TABLE IF NOT EXISTS todo (id int)')
      await pool.query('INSERT INTO todo VALUES ($1)', [1])
    })
  }
  await warned
  const { rows } = await plain[0].query('SELECT count(*)::int FROM todo')
  assert.deepEqual(rows, [{ count: 2 }])
  for (const pool of plain) await pool.end()
  assert.deepEqual(codes, ['BEMI_NOT_INSTALLED'])
})
