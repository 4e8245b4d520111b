// What the API answers, against what SQL says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse, stringify } from '../public/lib/json.js'
import { hostile, makeSchema, post, sql, startUi, synced, until, withContext } from './support.js'

const schema = await makeSchema('api')
const todo = `${schema}.todo`
const ui = await startUi()
const changes = async (filter) => (await ui.json(`/api/changes?schema=${schema}&${filter}`)).body.changes
const keys = async (filter) => (await changes(filter)).map(({ key }) => key)

await withContext({ user_id: 7, pg2: { user: 'app' } }, `INSERT INTO ${todo} VALUES (1, 'Sleep')`)
await withContext({ user_id: '7', 'a.b': true }, `INSERT INTO ${todo} VALUES (2, 'Eat 100% of_it')`)
await withContext({ user_id: 70 }, `INSERT INTO ${todo} VALUES (3, 'Work')`)
await withContext({ user_id: 8 }, `UPDATE ${todo} SET task = 'Nap' WHERE id = 1`)
await withContext({ user_id: 8 }, `DELETE FROM ${todo} WHERE id = 2`)
await synced()

test('filters', async () => {
  assert.deepEqual(await keys(''), ['2', '1', '3', '2', '1'])
  assert.deepEqual(await keys('ctx=user_id:7'), ['2', '1'])
  assert.deepEqual(await keys('ctx=pg2.user:app'), ['1'])
  assert.deepEqual(await keys('ctx=a.b:true'), ['2'])
  assert.deepEqual(await keys('ctx=user_id:8&op=UPDATE'), ['1'])
  assert.deepEqual(await keys('op=UPDATE&op=DELETE'), ['2', '1'])
  assert.deepEqual(await keys('key=3'), ['3'])
  assert.deepEqual(await keys('last=hour&q=100%25'), ['2', '2'])
  assert.deepEqual(await keys('last=hour&q=of_'), ['2', '2'])
  assert.deepEqual(await keys('last=hour&q=%25x'), [])
  assert.deepEqual(await keys('last=hour&column=is_completed&op=UPDATE'), [])
  assert.deepEqual(await keys('last=hour&column=task&op=UPDATE'), ['1'])
  const [{ at, tx }] = await changes('key=3')
  assert.deepEqual(await keys(`from=${at}&to=${at}`), ['3'])
  assert.deepEqual(await keys(`tx=${tx}`), ['3'])
  assert.equal((await ui.json(`/api/changes?q=x`)).status, 400)
})

test('a change: what differs, and all of it', async () => {
  const [update] = await changes('op=UPDATE')
  assert.deepEqual(update.columns, { total: 1, shown: [['task', { v: 'Sleep' }, { v: 'Nap' }]] })
  const { body } = await ui.json(`/api/change/${update.id}`)
  assert.deepEqual(body.columns.shown.map(([name]) => name), ['id', 'task', 'is_completed'])
  assert.deepEqual(body.context, { user_id: 8 })
  assert.equal((await ui.json('/api/change/00000000-0000-0000-0000-000000000000')).status, 404)
})

test('pages: each change once, in order, while others come', async () => {
  await sql(`INSERT INTO ${todo} SELECT i, 'many' FROM generate_series(1000, 1449) i`)
  await synced()
  const seen = []
  for (let next = ''; next !== null; ) {
    const { body } = await ui.json(`/api/changes?schema=${schema}&op=CREATE&${next && `before=${encodeURIComponent(next)}`}`)
    seen.push(...body.changes.map(({ key }) => key))
    next = body.next
    await sql(`INSERT INTO ${todo} VALUES ((SELECT max(id) + 1 FROM ${todo}), 'later')`)
    await synced()
  }
  assert.deepEqual(seen.slice(0, 450), Array.from({ length: 450 }, (_, index) => `${1449 - index}`))
  assert.deepEqual(seen.slice(450), ['3', '2', '1'])
  const { body } = await ui.json(`/api/tx/${(await changes('key=1000'))[0].tx}`)
  assert.deepEqual([body.summary.total, body.changes.length, body.changes[0].key], [450, 200, '1000'])
  const more = await ui.json(`/api/tx/${body.changes[0].tx}?after=${body.next}`)
  assert.equal(more.body.changes[0].key, '1200')
})

test('the history of a record, and where it went with another key', async () => {
  await sql(`INSERT INTO ${todo} VALUES (-1, 'moves')`)
  await sql(`UPDATE ${todo} SET id = -2 WHERE id = -1`)
  await synced()
  const { body } = await ui.json(`/api/record/${schema}/todo/-1`)
  assert.deepEqual(body.changes.map(({ operation }) => operation), ['CREATE'])
  assert.deepEqual(body.moved.map(([, key]) => key), ['-2'])
  assert.deepEqual(body.columnNames, ['id', 'task', 'is_completed'])
})

test('numbers and times keep every digit', async () => {
  await sql(`CREATE TABLE ${schema}.number (id bigint PRIMARY KEY, n numeric, f float8)`)
  await sql(`SELECT bemi.track('${schema}.number')`)
  await sql(`INSERT INTO ${schema}.number VALUES (9223372036854775807, 10.50, 'NaN')`)
  await synced()
  const text = await (await ui.ask(`/api/changes?schema=${schema}&table=number`)).text()
  const [change] = parse(text).changes
  assert.deepEqual(change.columns.shown.map(([name, , now]) => `${name} ${stringify(now.v)}`), ['f "NaN"', 'n 10.50', 'id 9223372036854775807'])
  const [{ at }] = await sql(`SELECT to_char(committed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM bemi.changes WHERE id = $1`, [change.id])
  assert.equal(change.at, at)
})

test('how many when, and what is frequent', async () => {
  const { body: histogram } = await ui.json(`/api/histogram?schema=${schema}&last=hour&op=DELETE`)
  assert.equal(histogram.total, 1)
  assert.deepEqual(histogram.bars.map(([, operation, number]) => [operation, number]), [['DELETE', 1]])
  const { body: facets } = await ui.json(`/api/facets?schema=${schema}&ctx=user_id:8`)
  assert.deepEqual(facets, { sampled: 2, tables: [[schema, 'todo', 2]], operations: facets.operations, keys: [['user_id', [[8, 2]]]] })
  assert.deepEqual(facets.operations.sort(), [['DELETE', 1], ['UPDATE', 1]])
})

test('exports have what SQL has, whole', async () => {
  await sql(`INSERT INTO ${todo} SELECT i, E'a "quoted", text\\nof lines ' || i FROM generate_series(5000, 7500) i`)
  await synced()
  const lines = (await (await ui.ask(`/api/export.ndjson?schema=${schema}`)).text()).trimEnd().split('\n')
  const expected = await sql(`SELECT id, before::text, after::text, context::text, commit_position::text AS position FROM bemi.changes WHERE schema = $1 ORDER BY committed_at, commit_position, sequence`, [schema])
  assert.equal(lines.length, expected.length)
  for (const [index, line] of lines.entries()) {
    const { id, before, after, context, commit_position } = parse(line)
    assert.deepEqual({ id, before: stringify(before), after: stringify(after), context: stringify(context), position: `${commit_position}` }, expected[index])
  }
  const csv = await (await ui.ask(`/api/export.csv?schema=${schema}`)).text()
  assert.equal(csv.match(/\r\n/g).length, lines.length + 1)
  assert.match(csv, /"\{""id"": 5000, ""task"": ""a \\""quoted\\"", text\\nof lines 5000"", ""is_completed"": false\}"/)
})

test('new changes are told, and from where one left off', async () => {
  const watch = async (query, headers = {}) => {
    const control = new AbortController()
    const response = await ui.ask(`/api/tail?schema=${schema}&${query}`, { headers, signal: control.signal })
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const next = async (pattern) => {
      while (!pattern.test(text)) text += (await reader.read()).value
      return text
    }
    return { next, close: () => control.abort() }
  }
  // A history that was restored from another server may have higher ids than what comes now.
  await sql(
    `INSERT INTO bemi.changes SELECT r.* FROM bemi.changes c, LATERAL jsonb_populate_record(c, jsonb_build_object(
       'id', 'ffffffff-ffff-8000-8000-' || lpad(to_hex(pg_backend_pid()), 12, '0'), 'schema', 'restored')) r WHERE c.schema = $1 ORDER BY c.id LIMIT 1`,
    [schema],
  )
  const { body } = await ui.json(`/api/changes?schema=${schema}`)
  const tab = await watch(`since=${body.newest}&ctx=user_id:99`)
  await withContext({ user_id: 98 }, `INSERT INTO ${todo} VALUES (-98, 'not looked for')`)
  await withContext({ user_id: 99 }, `INSERT INTO ${todo} VALUES (-99, 'looked for')`)
  const text = await tab.next(/"key" : "-99"/)
  assert.ok(!text.includes('-98'))
  tab.close()
  await withContext({ user_id: 99 }, `INSERT INTO ${todo} VALUES (-100, 'meanwhile')`)
  const id = text.match(/^id: (\S+)$/gm).at(-1).slice(4)
  const again = await watch('ctx=user_id:99', { 'last-event-id': id })
  assert.ok(!(await again.next(/"key" : "-100"/)).includes('"-99"'))
  again.close()
})

test('as of: what was, beside what is', async () => {
  const at = (await changes('key=1&op=CREATE'))[0].at
  const { body } = await ui.json(`/api/as-of/${schema}/todo?at=${at}&changed=1&key=1`)
  assert.deepEqual(body.rows, [['1', 'changed', [{ v: 1 }, [{ v: 'Sleep' }, { v: 'Nap' }], { v: false }]]])
  const first = await ui.json(`/api/as-of/${schema}/todo?at=${new Date().toISOString().slice(0, -1)}000Z`)
  assert.deepEqual([first.body.rows.length, first.body.rows[0][1]], [100, 'same'])
  const second = await ui.json(`/api/as-of/${schema}/todo?at=${at}&changed=1&after=${encodeURIComponent('["1"]')}`)
  assert.deepEqual(second.body.rows[0].slice(0, 2), ['3', 'new'])
  assert.equal((await ui.json(`/api/as-of/${schema}/nothing?at=${at}`)).status, 404)
  assert.equal((await ui.json(`/api/as-of/${schema}/todo?at=2001-01-01T00:00:00Z`)).status, 400)
})

test('revert: a preview does nothing; what was seen is done, with its context; anything else is not', async () => {
  await sql(`INSERT INTO ${todo} VALUES (-10, 'good'), (-11, 'good')`)
  await withContext({ user_id: 66 }, `UPDATE ${todo} SET task = 'bad' WHERE id IN (-10, -11)`)
  await synced()
  const [{ tx }] = await changes('ctx=user_id:66')
  const wanted = { selector: { transaction: tx }, context: { reason: "it's a \"mistake\"" } }
  const plan = await post(ui, '/api/revert', wanted)
  assert.deepEqual(plan.body.rows.map(({ key, action, status }) => [key, action, status]), [['-10', 'UPDATE', 'planned'], ['-11', 'UPDATE', 'planned']])
  assert.equal((await sql(`SELECT count(*) FROM ${todo} WHERE task = 'bad'`))[0].count, '2')
  await withContext({ user_id: 67 }, `UPDATE ${todo} SET task = 'better' WHERE id = -11`)
  await synced()
  assert.equal((await post(ui, '/api/revert', { ...wanted, confirm: plan.body.digest })).status, 409)
  const conflict = (await post(ui, '/api/revert', wanted)).body.rows.find(({ key }) => key === '-11')
  assert.deepEqual([conflict.status, conflict.conflict.context], ['conflict', { user_id: 67 }])
  const skipping = await post(ui, '/api/revert', { ...wanted, conflicts: 'skip' })
  const done = await post(ui, '/api/revert', { ...wanted, conflicts: 'skip', confirm: skipping.body.digest })
  assert.deepEqual(done.body.rows.map(({ status }) => status).sort(), ['reverted', 'skipped'])
  assert.deepEqual(await sql(`SELECT task FROM ${todo} WHERE id IN (-10, -11) ORDER BY id`), [{ task: 'better' }, { task: 'good' }])
  await synced()
  const [{ context }] = await changes('key=-10')
  assert.equal(context.reason, wanted.context.reason)
  assert.deepEqual(context.revert, { transaction: Number(tx) })
})

test('what is large is cut, and whole as a file; three hundred columns', async () => {
  await sql(`INSERT INTO ${todo} SELECT -20, string_agg(md5(i::text), ' ') FROM generate_series(1, 160000) i`)
  await sql(`CREATE TABLE ${schema}.wide (id int PRIMARY KEY, ${Array.from({ length: 300 }, (_, index) => `column_${index} text DEFAULT 'x'`).join(', ')})`)
  await sql(`SELECT bemi.track('${schema}.wide')`)
  await sql(`INSERT INTO ${schema}.wide VALUES (1)`)
  await sql(`UPDATE ${schema}.wide SET ${Array.from({ length: 300 }, (_, index) => `column_${index} = 'y'`).join(', ')}`)
  await synced()
  const list = await (await ui.ask(`/api/changes?schema=${schema}&key=-20`)).text()
  assert.ok(list.length < 2000)
  const [{ id }] = JSON.parse(list).changes
  const one = await (await ui.ask(`/api/change/${id}`)).text()
  assert.ok(one.length < 50_000)
  const file = await ui.ask(`/api/change/${id}/value?side=after&column=task`)
  assert.match(file.headers.get('content-disposition'), /^attachment/)
  assert.equal((await file.text()).length, 160000 * 33 - 1)
  assert.deepEqual((await changes('table=wide')).map(({ columns }) => [columns.total, columns.shown.length]), [[300, 8], [301, 8]])
  const { body } = await ui.json(`/api/record/${schema}/wide/1`)
  assert.equal(body.changes[0].columns.shown.length, 300)
  assert.equal((await ui.json(`/api/as-of/${schema}/wide?at=${body.changes[1].at}`)).body.rows[0][2].length, 301)
})

test('hostile names, keys and values are looked for like any other', async () => {
  for (const [index, text] of hostile.entries()) {
    const name = `"t ${index} ${text.slice(0, 50).replaceAll('"', '""')}"`
    await sql(`CREATE TABLE ${schema}.${name} (key text PRIMARY KEY, value text)`)
    await sql(`SELECT bemi.track($1::regclass)`, [`${schema}.${name}`])
    await withContext({ [text]: text }, `INSERT INTO ${schema}.${name} VALUES ($1, $1)`, [text])
    await synced()
    const [found] = await changes(`last=hour&key=${encodeURIComponent(text)}&q=${encodeURIComponent(text.slice(1, 9))}`)
    assert.deepEqual([found.key, found.context], [text, { [text]: text }])
    const path = [schema, found.table, text].map(encodeURIComponent)
    assert.equal((await ui.json(`/api/record/${path.join('/')}`)).body.changes.length, 1)
    assert.equal((await ui.json(`/api/as-of/${path.slice(0, 2).join('/')}?at=${found.at}`)).body.rows[0][0], text)
  }
})

test('statistics of the worker, tables, doctor', async () => {
  const { body } = await ui.json('/api/tables')
  assert.ok(body.tables.some(({ schema: name, table, level, number }) => name === schema && table === 'todo' && level === 'row' && number > 0))
  const doctor = (await ui.json('/api/doctor')).body
  assert.deepEqual(Object.keys(doctor[0]), ['check', 'ok', 'severity', 'found', 'fix'])
  await until(async () => (await ui.json('/api/me')).body.state === 'caught up')
})
