// MikroORM: the same for all versions, which have a folder each.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { withContext } from '@bemi/node'
import { withBemi } from '@bemi/node/mikro-orm'
import { acceptance } from '../acceptance.js'
import { changes, database, hostile, makeSchema, sql } from '../support.js'

export function suite(core, { MikroORM }) {
  const version = MikroORM.name && core.Utils.getORMVersion()
  const major = Number(version.split('.')[0])
  const name = `mikro-orm ${version}`

  const makeTodo = (schema) =>
    new core.EntitySchema({
      name: 'Todo',
      tableName: 'todo',
      schema,
      properties: {
        id: { type: 'number', primary: true },
        task: { type: 'string', nullable: true },
        isCompleted: { type: 'boolean', default: false },
      },
    })

  const init = (connection, Todo, options) =>
    MikroORM.init(
      withBemi({ ...connection, dbName: connection.database, entities: [Todo], discovery: { disableDynamicFileAccess: true }, ...options }),
    )

  acceptance(name, async ({ connection, schema, max }) => {
    const Todo = makeTodo(schema)
    const orm = await init(connection, Todo, { pool: { min: 0, max } })
    const writer = (em) => ({
      insert: (id, task) => em.insert(Todo, { id, task }),
      update: (id, task) => em.nativeUpdate(Todo, { id }, { task }),
      remove: (id) => em.nativeDelete(Todo, { id }),
    })
    return {
      insert: (id, task) => writer(orm.em.fork()).insert(id, task),
      update: (id, task) => writer(orm.em.fork()).update(id, task),
      remove: (id) => writer(orm.em.fork()).remove(id),
      query: (text) => orm.em.getConnection().execute(text),
      transaction: (fn) => orm.em.fork().transactional((em) => fn(writer(em))),
      close: () => orm.close(),
    }
  })

  const schema = makeSchema(`operations_${name.replace(/\W/g, '_')}`)
  const opened = schema.then(async (schema) => {
    const Todo = makeTodo(schema)
    return { Todo, orm: await init(database, Todo) }
  })
  after(async () => (await opened).orm.close())

  /** Plays an operation in a scope, and compares what it did: all with the context of the scope. */
  function operation(title, expected, play) {
    test(`${name}: ${title}`, async () => {
      const { orm, Todo } = await opened
      await sql(`TRUNCATE ${await schema}.todo`)
      await sql(`INSERT INTO ${await schema}.todo VALUES (1, 'Sleep'), (2, 'Eat')`)
      await changes(await schema)
      await withContext({ operation: title, value: hostile.question }, async () => await play(orm.em.fork(), Todo, await schema))
      const all = await changes(await schema)
      assert.deepEqual(
        all.map(({ operation, primary_key, context }) => [operation, Number(primary_key), context]),
        expected.map(([operation, id]) => [operation, id, { operation: title, value: hostile.question }]),
      )
    })
  }

  const created = [['CREATE', 3], ['CREATE', 4]]
  const updated = [['UPDATE', 1], ['UPDATE', 2]]
  const values = [{ id: 3, task: 'a?b' }, { id: 4, task: ':x $1' }]

  operation('flush: rows in one batch', [...created, ...updated], async (em, Todo) => {
    for (const todo of await em.find(Todo, {}, { orderBy: { id: 1 } })) todo.task = `${todo.task}?`
    for (const data of values) em.persist(em.create(Todo, data))
    await em.flush()
  })
  operation('flush: removed rows', [['DELETE', 1], ['DELETE', 2]], async (em, Todo) => {
    for (const todo of await em.find(Todo, {}, { orderBy: { id: 1 } })) em.remove(todo)
    await em.flush()
  })
  operation('insert', created, async (em, Todo) => {
    for (const data of values) await em.insert(Todo, data)
  })
  operation('insertMany', created, (em, Todo) => em.insertMany(Todo, values))
  operation('upsert', [['UPDATE', 1], ['CREATE', 3]], async (em, Todo) => {
    await em.upsert(Todo, { id: 1, task: 'x' })
    await em.upsert(Todo, { id: 3, task: 'x' })
  })
  operation('upsertMany', [['UPDATE', 1], ['CREATE', 3]], (em, Todo) => em.upsertMany(Todo, [{ id: 1, task: 'x' }, { id: 3, task: 'x' }]))
  operation('nativeUpdate', updated, (em, Todo) => em.nativeUpdate(Todo, { id: { $in: [1, 2] } }, { task: 'x?' }))
  operation('nativeDelete', [['DELETE', 1]], (em, Todo) => em.nativeDelete(Todo, { id: 1 }))
  operation('query builder', [['CREATE', 3], ['UPDATE', 3], ['DELETE', 3]], async (em, Todo) => {
    await em.createQueryBuilder(Todo).insert({ id: 3, task: '?' }).execute()
    await em.createQueryBuilder(Todo).update({ task: '??' }).where({ id: 3 }).execute()
    await em.createQueryBuilder(Todo).delete({ id: 3 }).execute()
  })
  operation('execute()', [['UPDATE', 1]], (em, Todo, schema) =>
    em.getConnection().execute(`UPDATE ${schema}.todo SET task = ? WHERE id = ?`, ['a?b', 1], 'run'),
  )
  operation('em.execute() in a transaction, and a nested one', [['UPDATE', 1], ['CREATE', 3], ['UPDATE', 2]], (em, Todo, schema) =>
    em.transactional(async (em) => {
      await em.execute(`UPDATE ${schema}.todo SET task = ? WHERE id = ?`, ['a?b', 1])
      await em.transactional(async (em) => {
        em.persist(em.create(Todo, { id: 3 }))
      })
      await em.transactional(async (em) => {
        await em.nativeDelete(Todo, { id: 3 })
        throw new Error('undone')
      }).catch(() => {})
      await em.nativeUpdate(Todo, { id: 2 }, { task: 'x' })
    }),
  )
  operation('several statements in one string', [['UPDATE', 1], ['DELETE', 2]], (em, Todo, schema) =>
    em.getConnection().execute(`UPDATE ${schema}.todo SET task = 'x' WHERE id = 1; DELETE FROM ${schema}.todo WHERE id = 2`),
  )
  if (major === 6) {
    operation('past MikroORM: Knex', [['UPDATE', 1]], async (em, Todo, schema) => {
      await em.getKnex().raw(`UPDATE ${schema}.todo SET task = ? WHERE id = ?`, ['a?b', 1])
    })
  } else {
    operation('past MikroORM: Kysely', [['UPDATE', 1]], async (em, Todo, schema) => {
      await em.getKysely().withSchema(schema).updateTable('todo').set({ task: 'a?b' }).where('id', '=', 1).execute()
    })
  }
  if (version >= '7.2') {
    operation('stream()', [['UPDATE', 1], ['UPDATE', 2]], async (em, Todo, schema) => {
      const rows = em.getConnection().stream(`WITH x AS (UPDATE ${schema}.todo SET task = ? RETURNING id) SELECT * FROM x`, ['?'])
      for await (const { id } of rows) assert.ok(id)
    })
  }

  test(`${name}: the user's own onQuery, pool and driver options count`, async () => {
    const { Todo } = await opened
    const called = new Set()
    const orm = await init(database, Todo, {
      ...withBemi({
        onQuery: (text) => (called.add('onQuery'), text),
        driverOptions:
          major === 6
            ? { pool: { afterCreate: (connection, done) => (called.add('driver'), done(null, connection)) } }
            : { onPoolCreated: () => called.add('driver') },
      }),
    })
    await withContext({ user: 7 }, () => orm.em.fork().nativeUpdate(Todo, { id: 1 }, { task: 'own' }))
    await orm.close()
    assert.deepEqual([...called].sort(), ['driver', 'onQuery'])
    assert.deepEqual((await changes(await schema)).at(-1).context, { user: 7 })
  })
}
