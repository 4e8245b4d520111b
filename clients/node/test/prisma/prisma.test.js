// Prisma 7: by the pool, and where that cannot be instrumented, by Prisma's own comments.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { withContext } from '@bemi/node'
import { bemiComments, instrumentPool } from '@bemi/node/prisma'
import { acceptance } from '../acceptance.js'
import { changes, database as server, makeSchema } from '../support.js'

// Generating needs no schema engine, but Prisma's program would download one: it is told that there is one.
execFileSync(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
  cwd: import.meta.dirname,
  env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
})
const { PrismaClient } = await import('./generated/client.ts')

const writer = (db) => ({
  insert: (id, task) => db.todo.create({ data: { id, task } }), // it starts when it is awaited
  update: (id, task) => db.todo.update({ where: { id }, data: { task } }),
  remove: (id) => db.todo.delete({ where: { id } }),
})

const database = (prisma, end) => ({
  ...writer(prisma),
  query: (text) => prisma.$queryRawUnsafe(text),
  isOneStatement: true, // each is prepared
  transaction: (fn) => prisma.$transaction((transaction) => fn(writer(transaction)), { maxWait: 60_000, timeout: 60_000 }),
  close: () => prisma.$disconnect().then(end),
})

acceptance('prisma', async ({ connection, schema, max }) => {
  const pool = instrumentPool(new pg.Pool({ ...connection, max }))
  return database(new PrismaClient({ adapter: new PrismaPg(pool, { schema }) }), () => pool.end())
})

// The server's bemi.sqlcommenter has the key bemi.
acceptance('prisma comments', async ({ connection, schema, max }) => {
  const pool = new pg.Pool({ ...connection, max })
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { schema }), comments: [bemiComments] })
  return { ...database(prisma, () => pool.end()), commentIsLast: true }
})

test('prisma: every operation', async () => {
  const schema = await makeSchema('operations_prisma')
  const pool = instrumentPool(new pg.Pool(server))
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { schema }) })
  const { todo } = prisma
  const operations = {
    createMany: () => todo.createMany({ data: [{ id: 1 }, { id: 2, task: '?' }] }),
    upsert: () => todo.upsert({ where: { id: 3 }, create: { id: 3 }, update: { task: 'x' } }),
    updateMany: () => todo.updateMany({ data: { task: '$1' } }),
    $executeRawUnsafe: () => prisma.$executeRawUnsafe(`UPDATE ${schema}.todo SET task = $1 WHERE id = 1`, '?'),
    $queryRawUnsafe: () => prisma.$queryRawUnsafe(`DELETE FROM ${schema}.todo WHERE id = 1 RETURNING id`),
    $transaction: () => prisma.$transaction([todo.create({ data: { id: 4 } }), todo.delete({ where: { id: 4 } })]),
    deleteMany: () => todo.deleteMany(),
  }
  const counts = { createMany: 2, upsert: 1, updateMany: 3, $executeRawUnsafe: 1, $queryRawUnsafe: 1, $transaction: 2, deleteMany: 2 }
  for (const [operation, play] of Object.entries(operations)) {
    await withContext({ operation }, play)
    const contexts = (await changes(schema)).map(({ context }) => context)
    assert.deepEqual(contexts, Array(counts[operation]).fill({ operation }))
  }
  await prisma.$disconnect()
  await pool.end()
})
