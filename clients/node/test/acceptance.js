// What every way to the database must stand, whatever it is called.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { currentContext, mergeContext, withContext } from '@bemi/node'
import { bouncer, changes, database, hostile, makeSchema, pause, range, sql, whileLocked } from './support.js'

export function acceptance(name, open) {
  const schema = makeSchema(`acceptance_${name.replace(/\W/g, '_')}`)
  const opened = []
  after(() => Promise.all(opened.map((db) => db.close())))

  const connect = async (options) => {
    const db = await open({ connection: database, schema: await schema, max: 10, ...options })
    opened.push(db)
    return db
  }
  const made = async () => changes(await schema)

  async function parallel(db, requests, first) {
    await Promise.all(
      range(requests).map((index) => {
        const id = first + index
        return withContext({ request: id }, async () => {
          await pause()
          await db.insert(id, 'Sleep')
          await pause()
          await db.update(id, 'Nap')
          await db.transaction(async (writer) => {
            await pause()
            await writer.remove(id)
          })
        })
      }),
    )
    const all = await made()
    const right = all.filter(({ primary_key, context }) => Number(primary_key) === context.request)
    assert.equal(right.length, 3 * requests)
    assert.equal(all.length, right.length)
  }

  test(`${name}: 100 requests over 10 connections`, async () => parallel(await connect(), 100, 1000))

  test(`${name}: 100 requests over 2 connections`, async () => parallel(await connect({ max: 2 }), 100, 2000))

  test(`${name}: 200 requests through PgBouncer in transaction mode`, async () =>
    parallel(await connect({ connection: bouncer, max: 100 }), 200, 3000))

  test(`${name}: hostile values, and rows with them`, async () => {
    const db = await connect()
    const values = Object.values(hostile)
    for (const [id, value] of values.entries()) {
      await withContext({ value, [String(value)]: value }, () => db.insert(id, JSON.stringify(value)))
    }
    const all = await made()
    assert.deepEqual(
      all.map(({ after, context }) => ({ task: after.task, context })),
      values.map((value) => ({ task: JSON.stringify(value), context: { value, [String(value)]: value } })),
    )
  })

  test(`${name}: values that jsonb cannot hold, a cycle, a large one`, async () => {
    const db = await connect()
    const cycle = {}
    cycle.self = cycle
    const context = {
      user: 7,
      ...{ nul: 'a\0b', half: '\ud800', big: 123456789012345n, date: new Date(0), cycle, params: 'x'.repeat(1e7) },
      get broken() {
        throw new Error('no')
      },
    }
    await withContext(() => context, async () => await db.insert(3900, 'Eat'))
    const [{ context: stored }] = await made()
    assert.deepEqual(stored, {
      user: 7,
      ...{ nul: 'a\ufffdb', half: '\ufffd', big: 123456789012345, date: '1970-01-01T00:00:00.000Z' },
      cycle: { self: '[Circular]' },
      'bemi.dropped': ['params'],
    })
  })

  test(`${name}: a query that is awaited after the scope is started in it`, async () => {
    const db = await connect()
    await withContext({ user: 7 }, () => db.insert(4000, 'Eat'))
    assert.deepEqual((await made()).map(({ context }) => context), [{ user: 7 }])
  })

  test(`${name}: a transaction that throws leaves no row and no change`, async () => {
    const db = await connect()
    const failing = withContext({ user: 7 }, () =>
      db.transaction(async (writer) => {
        await writer.insert(4100, 'Undone')
        throw new Error('changed my mind')
      }),
    )
    await assert.rejects(failing, /changed my mind/)
    assert.equal((await db.query(`SELECT id FROM ${await schema}.todo WHERE id = 4100`)).length, 0)
    assert.deepEqual(await made(), [])
  })

  test(`${name}: a job without a context after one with`, async () => {
    const db = await connect({ max: 1 })
    await withContext({ user: 7 }, async () => db.transaction((writer) => writer.insert(4200, 'Sleep')))
    assert.equal(currentContext(), undefined)
    await db.update(4200, 'Nap')
    assert.deepEqual((await made()).map(({ context }) => context), [{ user: 7 }, {}])
  })

  test(`${name}: a context that grows while a transaction lasts`, async () => {
    const db = await connect()
    await withContext({ user: 7 }, () =>
      db.transaction(async (writer) => {
        await writer.insert(4300, 'Sleep')
        mergeContext({ step: 2 })
        await withContext({ step: 3, user: null }, async () => await writer.update(4300, 'Nap'))
        await writer.remove(4300)
      }),
    )
    const expected =
      db.contextOf === 'transaction'
        ? [{ user: 7 }, { user: 7 }, { user: 7 }]
        : [{ user: 7 }, { step: 3 }, { user: 7, step: 2 }]
    assert.deepEqual((await made()).map(({ context }) => context), expected)
  })

  test(`${name}: SQL as text, with a semicolon or a comment at its end, and several statements`, async () => {
    const db = await connect()
    const insert = async (id) => `INSERT INTO ${await schema}.todo (id) VALUES (${id})`
    const texts = [`${await insert(4400)};`, `${await insert(4401)} -- tail`]
    if (!db.isOneStatement) texts.push(`${await insert(4402)}; SELECT 1; ${await insert(4403)} -- tail`)
    for (const text of texts) await withContext({ user: 7 }, async () => await (db.execute ?? db.query)(text))
    const lost = db.commentIsLast ? ['4401'] : [] // behind `--` it is a part of that comment
    const all = await made()
    assert.equal(all.length, db.isOneStatement ? 2 : 4)
    for (const { primary_key, context } of all) assert.deepEqual(context, lost.includes(primary_key) ? {} : { user: 7 })
  })

  test(`${name}: a connection that dies in the middle of a statement`, async (t) => {
    const db = await connect({ max: 2 })
    if (db.diesWithConnection) return t.skip(db.diesWithConnection)
    await whileLocked(`${await schema}.todo`, async (killWaiting) => {
      const failed = assert.rejects(withContext({ user: 7 }, async () => await db.insert(4500, 'Lost')))
      await killWaiting()
      await failed
    })
    // Sequelize may hand out the dead connection once more.
    const works = () => withContext({ user: 8 }, async () => await db.insert(4501, 'Eat')).then(() => true, () => false)
    while (!(await works())) await pause()
    await db.update(4501, 'Eaten')
    assert.deepEqual((await made()).map(({ primary_key, context }) => [primary_key, context]), [['4501', { user: 8 }], ['4501', {}]])
  })

  test(`${name}: a database without bemi`, async () => {
    const plain = `without_${await schema}`
    await sql(`CREATE DATABASE ${plain}`)
    const db = await connect({ connection: { ...database, database: plain } })
    await db.query(`CREATE SCHEMA ${await schema}`)
    await db.query(`CREATE TABLE ${await schema}.todo (id int PRIMARY KEY, task text, is_completed boolean)`)
    await withContext({ user: 7, value: hostile.end }, async () => await db.transaction((writer) => writer.insert(4600, 'Sleep')))
    const [{ id, task }] = await db.query(`SELECT id, task FROM ${await schema}.todo`)
    assert.deepEqual([id, task], [4600, 'Sleep'])
  })

  test(`${name}: statements that a backend keeps stay few`, async () => {
    const db = await connect({ max: 1 })
    for (const id of range(100)) await withContext({ request: id }, async () => await db.insert(5000 + id, 'Sleep'))
    const [{ count }] = await db.query('SELECT count(*)::int FROM pg_prepared_statements')
    assert.ok(count <= 10, `${count} prepared statements`)
    assert.equal((await made()).length, 100)
  })
}
