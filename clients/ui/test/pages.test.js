// The pages, in a browser.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPage, visit } from './browser.js'
import { hostile, makeRole, makeSchema, sql, startUi, synced, withContext } from './support.js'

const schema = await makeSchema('pages')
const todo = `${schema}.todo`
const ui = await startUi()
const here = `schema=${schema}`

await withContext({ user_id: 7, endpoint: '/todo', method: 'POST' }, `INSERT INTO ${todo} VALUES (1, 'The quick brown fox'), (2, 'Eat')`)
await withContext({ user_id: 7, endpoint: '/todo/1', method: 'PUT' }, `UPDATE ${todo} SET task = 'The quick red fox' WHERE id = 1`)
await withContext({ user_id: 8 }, `UPDATE ${todo} SET is_completed = true WHERE id = 1`)
await withContext({ user_id: 8 }, `DELETE FROM ${todo} WHERE id = 2`)
await synced()

const texts = (page, selector) => page.locator(selector).allInnerTexts()
const closed = async (page) => {
  assert.deepEqual(page.problems, [])
  await page.context().close()
}

test('timeline: a filter becomes a chip and the address, stays after a reload, and goes', async () => {
  const page = await openPage(ui, `/?${here}`)
  await page.waitForSelector('.transaction')
  assert.equal(await page.locator('.transaction').count(), 4)
  await page.fill('#look', 'user_id:8')
  await page.press('#look', 'Enter')
  await page.waitForFunction(() => document.querySelectorAll('.transaction').length === 2)
  assert.match(page.url(), /ctx=user_id:8/)
  await page.reload()
  await page.waitForSelector('.transaction')
  assert.equal(await page.locator('.transaction').count(), 2)
  await page.click('[aria-label="Without user_id:8"]')
  await page.waitForFunction(() => document.querySelectorAll('.transaction').length === 4)
  await page.locator('a.pair', { hasText: 'user_id 7' }).first().click()
  await page.waitForFunction(() => document.querySelectorAll('.transaction').length === 2)
  await page.locator('.facets a', { hasText: 'UPDATE' }).click()
  await page.waitForFunction(() => document.querySelectorAll('.transaction').length === 1)
  await page.goBack()
  await page.waitForFunction(() => document.querySelectorAll('.transaction').length === 2)
  await closed(page)
})

test('dragging over the histogram chooses a time', async () => {
  const page = await openPage(ui, `/?${here}&last=hour`)
  const { x, y, width } = await page.locator('.histogram svg').boundingBox()
  await page.mouse.move(x + 2, y + 10)
  await page.mouse.down()
  await page.mouse.move(x + width / 2, y + 10)
  await page.mouse.up()
  await page.waitForURL(/from=.*&to=/)
  await page.getByText('No changes').waitFor()
  await page.goBack()
  await page.waitForSelector('.transaction')
  await closed(page)
})

test('a record: words that differ, the row then, any two versions compared', async () => {
  const page = await openPage(ui, `/record/${schema}/todo/1`)
  await page.waitForSelector('.version-line del')
  assert.deepEqual([await texts(page, '.version-line del'), await texts(page, '.version-line ins')], [['brown'], ['red']])
  assert.match((await texts(page, '.version .columns-table')).join(), /is_completed\s+false\s*→\s*true/)
  await page.keyboard.press(']')
  await page.waitForURL(/v=/)
  await page.waitForSelector('.version del')
  assert.match((await texts(page, '.version tr')).join('\n'), /task\s+“The quick brownred fox”/)
  const first = await page.locator('.compare option').last().getAttribute('value')
  await page.keyboard.press('[')
  await page.selectOption('.compare select', first)
  await page.waitForFunction(() => document.querySelectorAll('.version del').length === 1 && document.querySelector('.version .arrow'))
  await closed(page)
})

test('digits and kinds: 10.50, 2^63, NaN, null, "7" and 7', async () => {
  await sql(`CREATE TABLE ${schema}.number (id bigint PRIMARY KEY, n numeric, f float8, t text, j json)`)
  await sql(`SELECT bemi.track('${schema}.number')`)
  await sql(`INSERT INTO ${schema}.number VALUES (9223372036854775807, 10.50, 'NaN', '7', '{"a": [7, 1.0, null]}')`)
  await synced()
  const page = await openPage(ui, `/record/${schema}/number/9223372036854775807`)
  await page.waitForSelector('.version td')
  assert.deepEqual(await texts(page, '.version td'), ['9223372036854775807', '10.50', '“NaN”', '“7”', '{"a": [7, 1.0, null]}'])
  await closed(page)
})

test('live: a new change is there by itself; a thousand a second do not stop the page', async (t) => {
  const page = await openPage(ui, `/?${here}&key=77`)
  await page.click('.live')
  await page.waitForFunction(() => document.querySelector('.live').getAttribute('aria-pressed') === 'true')
  await page.waitForTimeout(500)
  const begin = performance.now()
  await sql(`INSERT INTO ${todo} VALUES (77, 'live')`)
  await page.locator('.record', { hasText: '77' }).waitFor()
  t.diagnostic(`a new change is on the screen ${Math.round(performance.now() - begin)} ms after it was made`)
  await page.goto(`${ui.origin}/?${here}&op=UPDATE`)
  await page.waitForSelector('.transaction')
  await sql(`INSERT INTO ${todo} SELECT i, '' FROM generate_series(10000, 10999) i`)
  for (let round = 0; round < 5; round++) await sql(`UPDATE ${todo} SET task = $1 WHERE id BETWEEN 10000 AND 10999`, [`round ${round}`])
  await page.waitForSelector('.note')
  assert.ok((await page.locator('.change').count()) < 500)
  await page.click('.live')
  assert.equal(await page.getAttribute('.live', 'aria-pressed'), 'false')
  await closed(page)
})

test('ten thousand rows scroll', async () => {
  await sql(`INSERT INTO ${todo} SELECT i, 'many' FROM generate_series(20000, 29999) i`)
  await synced()
  const { body } = await ui.json(`/api/changes?${here}&key=29999`)
  const page = await openPage(ui, `/tx/${body.changes[0].tx}`)
  await page.getByText('10,000 changes').waitFor()
  for (let pages = 2; pages <= 5; pages++) {
    await page.click('text=Load more')
    await page.waitForFunction((number) => document.querySelectorAll('.change').length === number, pages * 200)
  }
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
  await page.locator('.record', { hasText: '20999' }).waitFor()
  await closed(page)
})

test('hostile names, values and contexts are text on every page', async () => {
  const name = `<img src=x onerror=window.harmed=1>`
  await sql(`CREATE TABLE ${schema}."${name}" (key text PRIMARY KEY, "<b onclick=alert(1)>" text)`)
  await sql('SELECT bemi.track($1::regclass)', [`${schema}."${name}"`])
  for (const text of hostile) await withContext({ [text]: text, user_id: text }, `INSERT INTO ${schema}."${name}" VALUES ($1, $1)`, [text])
  await synced()
  const { body } = await ui.json(`/api/changes?${here}&table=${encodeURIComponent(name)}`)
  const [{ id, tx, at }] = body.changes
  const record = [schema, name, hostile[0]].map(encodeURIComponent).join('/')
  const paths = [`/?${here}&table=${encodeURIComponent(name)}`, `/change/${id}`, `/tx/${tx}`, `/record/${record}`, `/as-of/${record.split('/').slice(0, 2).join('/')}?at=${at}`, '/tables', `/revert?change=${id}`, `/?q=${encodeURIComponent(hostile[0])}`, `/${encodeURIComponent(hostile[0])}`]
  const page = await openPage(ui, '/')
  for (const path of paths) {
    await visit(page, ui, path)
    await page.waitForLoadState('networkidle')
    const found = await page.evaluate(() => ({ harmed: window.harmed, images: document.querySelectorAll('main img, main script, main b[onclick]').length, links: [...document.links].filter(({ protocol }) => !/^http/.test(protocol)).length }))
    assert.deepEqual(found, { harmed: undefined, images: 0, links: 0 }, path)
  }
  await closed(page)
})

test('no rights: the GRANT; nothing found: a way on; not signed in: how to', async () => {
  const role = await makeRole('nobody_there')
  const refused = await openPage(await startUi({ role }), '/')
  await refused.getByText(`GRANT SELECT ON bemi.changes TO "${role}";`).waitFor()
  await closed(refused)
  const empty = await openPage(ui, `/?${here}&key=none`)
  await empty.getByText('Look at any time').click()
  await empty.waitForURL(/last=all/)
  await empty.context().clearCookies()
  await empty.reload()
  await empty.getByText('You are not signed in', { exact: true }).waitFor()
  await closed(empty)
})

test('only keys: to a change, back, through a record, and what the keys are', async () => {
  const page = await openPage(ui, `/?${here}&key=1`)
  await page.waitForSelector('.transaction')
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  assert.equal(await page.evaluate(() => [...document.querySelectorAll('.transaction')].indexOf(document.activeElement)), 1)
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/tx\//)
  await page.waitForSelector('.change')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/change\//)
  await page.keyboard.press('?')
  await page.waitForSelector('dialog[open]')
  await page.keyboard.press('Escape')
  await page.keyboard.press('t')
  await page.waitForURL((url) => url.pathname === '/')
  await page.keyboard.press('/')
  await page.keyboard.type('key:1')
  await page.keyboard.press('Enter')
  await page.waitForURL(/key=1/)
  await page.keyboard.press('Escape')
  await page.keyboard.press('g')
  await page.waitForURL(/\/tables/)
  await closed(page)
})

test('revert: what would be done, who is in the way, and the deed', async () => {
  await sql(`INSERT INTO ${todo} VALUES (-1, 'good')`)
  await withContext({ user_id: 66 }, `UPDATE ${todo} SET task = 'bad' WHERE id = -1`)
  await synced()
  const { body } = await ui.json(`/api/changes?${here}&ctx=user_id:66`)
  const page = await openPage(ui, `/change/${body.changes[0].id}`)
  await page.click('text=Take it back')
  await page.fill('.field input', 'a mistake')
  await page.click('text=Take it back: 1 row')
  await page.getByText('It is taken back').waitFor()
  assert.deepEqual(await sql(`SELECT task FROM ${todo} WHERE id = -1`), [{ task: 'good' }])
  await withContext({ user_id: 67 }, `UPDATE ${todo} SET task = 'worse' WHERE id = -1`)
  await synced()
  await visit(page, ui, `/revert?change=${body.changes[0].id}`)
  await page.getByText('Somebody is in the way').waitFor()
  assert.match(await page.locator('.conflict').innerText(), /task would have to be "bad", and is "worse"\s+by\s+user_id 67/)
  await page.getByText('overwrite what somebody').click()
  await page.getByText('Take it back: 1 row').waitFor()
  await closed(page)
})

test('at 400 pixels nothing sticks out', async () => {
  const page = await openPage(ui, '/', { width: 400, height: 800 })
  for (const path of [`/?${here}`, `/record/${schema}/todo/1`, '/tables', '/status', `/as-of/${schema}/todo`]) {
    await visit(page, ui, path)
    await page.waitForLoadState('networkidle')
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 400, path)
  }
  await closed(page)
})
