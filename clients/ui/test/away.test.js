// The server goes away and comes back; browsers that are slow.
import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { limits } from '../server/api/export.js'
import { openPage } from './browser.js'
import { database, makeSchema, sql, startUi, synced, until } from './support.js'

const schema = await makeSchema('away')
const folder = await mkdtemp(join(tmpdir(), 'bemi-'))
await chmod(folder, 0o755)
after(() => rm(folder, { recursive: true }))
let open = []
let door

/** In front of the server, a door that can be shut. */
async function openDoor() {
  door = createServer((socket) => {
    const inner = connect(join(database.host, `.s.PGSQL.${database.port}`))
    for (const each of [socket, inner]) each.on('error', () => {})
    socket.pipe(inner).pipe(socket)
    socket.on('close', () => inner.destroy())
    open.push(socket)
  })
  await new Promise((resolve) => door.listen(join(folder, '.s.PGSQL.5432'), resolve))
}

function shutDoor() {
  for (const socket of open) socket.destroy()
  open = []
  return new Promise((resolve) => door.close(resolve))
}

await openDoor()
after(shutDoor)
const ui = await startUi({ host: folder, port: 5432 })

test('the server goes away: it is said; it comes back: all goes on, the tail where it was', async () => {
  const { body } = await ui.json(`/api/changes?schema=${schema}`)
  const tail = await ui.ask(`/api/tail?schema=${schema}&since=${body.newest}`)
  const reader = tail.body.pipeThrough(new TextDecoderStream()).getReader()
  await shutDoor()
  const { status, body: error } = await ui.json('/api/me')
  assert.deepEqual([status, error.error], [503, 'The database does not answer.'])
  await sql(`INSERT INTO ${schema}.todo VALUES (1, 'meanwhile')`)
  await synced()
  await openDoor()
  await until(async () => (await ui.json('/api/me')).status === 200)
  let text = ''
  while (!/"key" : "1"/.test(text)) text += (await reader.read()).value
  await reader.cancel()
})

test('a page says that the server is away, keeps what it has, and goes on by itself', async () => {
  const page = await openPage(ui, `/?schema=${schema}`)
  await page.click('.live')
  await page.locator('.record', { hasText: '1' }).waitFor()
  await shutDoor()
  await page.getByText('The database does not answer.').waitFor()
  assert.equal(await page.locator('.change').count(), 1)
  await openDoor()
  await page.waitForFunction(() => !document.querySelector('.away'))
  await sql(`INSERT INTO ${schema}.todo VALUES (2, 'after that')`)
  await page.locator('.record', { hasText: '2' }).waitFor()
  assert.deepEqual(page.problems, [])
  await page.context().close()
})

test('an export that nobody takes is ended, and in the meantime no other waits for it', async () => {
  await sql(`INSERT INTO ${schema}.todo SELECT i, string_agg(md5(j::text), '') FROM generate_series(100, 3100) i, generate_series(1, 300) j GROUP BY i`)
  await synced()
  const patience = limits.patience
  limits.patience = 500
  const all = (path) => Promise.all(Array.from({ length: limits.atOnce }, () => ui.ask(path)))
  const slow = await all(`/api/export.ndjson?schema=${schema}`)
  assert.equal((await ui.json(`/api/export.csv?schema=${schema}`)).status, 503)
  await until(async () => (await all(`/api/export.csv?schema=${schema}&key=1`)).every(({ status }) => status === 200))
  for (const response of slow) await assert.rejects(response.text())
  assert.equal((await sql(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bemi-ui' AND state <> 'idle'`))[0].count, '0')
  limits.patience = patience
})
