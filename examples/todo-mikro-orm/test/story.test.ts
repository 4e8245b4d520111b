// The story of the page: five requests, and the five changes that they leave.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { start } from '../src/server.ts'

const { orm, stop, url } = await start(0)
after(stop)
await orm.em.execute('ALTER SEQUENCE todo_id_seq RESTART WITH 26')

async function request(method: string, path: string, body?: object) {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', 'x-user-id': '187234' },
    ...(body && { body: JSON.stringify(body) }),
  })
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`)
  return response
}

const todo = (id: number, task: string, isCompleted = false) => ({ id, task, isCompleted })
const by = (endpoint: string, params: object) => ({ userId: 187234, endpoint, params })

test('five requests are five changes, each with its context', async () => {
  for (const task of ['Sleep', 'Eat', 'Repeat']) await request('POST', '/todo', { task, isCompleted: false })
  await request('PUT', '/todo/complete', { id: 26 })
  await request('DELETE', '/todo/27')

  await orm.em.execute('SELECT bemi.sync()')
  const changes = await orm.em.execute(
    `SELECT primary_key, "table", operation, before, after, context FROM bemi.changes
     WHERE "table" = 'todo' ORDER BY commit_position, sequence`,
  )
  const create = (id: number, task: string) => ({
    primary_key: String(id),
    table: 'todo',
    operation: 'CREATE',
    before: {},
    after: todo(id, task),
    context: by('/todo', { task, isCompleted: false }),
  })
  assert.deepEqual(changes, [
    create(26, 'Sleep'),
    create(27, 'Eat'),
    create(28, 'Repeat'),
    {
      primary_key: '26',
      table: 'todo',
      operation: 'UPDATE',
      before: todo(26, 'Sleep'),
      after: todo(26, 'Sleep', true),
      context: by('/todo/complete', { id: 26 }),
    },
    {
      primary_key: '27',
      table: 'todo',
      operation: 'DELETE',
      before: todo(27, 'Eat'),
      after: {},
      context: by('/todo/27', { id: 27 }),
    },
  ])
})

test('MikroORM keeps book of its migrations without leaving changes, and bemi.doctor() is content', async () => {
  const [{ count }] = await orm.em.execute(`SELECT count(*)::int FROM bemi.changes WHERE "table" <> 'todo'`)
  assert.equal(count, 0)
  assert.deepEqual(await orm.em.execute(`SELECT found, fix FROM bemi.doctor() WHERE severity = 'error'`), [])
})

test('the list, and the page', async () => {
  assert.deepEqual(await (await request('GET', '/todo')).json(), [todo(26, 'Sleep', true), todo(28, 'Repeat')])
  assert.match(await (await request('GET', '/')).text(), /<title>Todo/)
})

test('the history of a todo', async () => {
  const history = (await (await request('GET', '/todo/26/history')).json()) as Record<string, unknown>[]
  assert.deepEqual(
    history.map(({ operation, changed, context }) => ({ operation, changed, context })),
    [
      {
        operation: 'CREATE',
        changed: { id: [null, 26], task: [null, 'Sleep'], isCompleted: [null, false] },
        context: by('/todo', { task: 'Sleep', isCompleted: false }),
      },
      { operation: 'UPDATE', changed: { isCompleted: [false, true] }, context: by('/todo/complete', { id: 26 }) },
    ],
  )
})
