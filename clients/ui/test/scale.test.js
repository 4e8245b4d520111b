// However long the history is, no page reads more of it than it shows: every question keeps to the indexes.
// UI_SCALE says how many changes there are; the times are printed.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { openDatabase } from './shop.js'
import { startUi } from './support.js'

const scale = Number(process.env.UI_SCALE ?? 20_000)
const isLarge = scale >= 1_000_000

// The copy of pg that the server has, so that what it asks can be heard.
const pg = createRequire(new URL('../server/start.js', import.meta.url))('pg')
const asked = []
const { query } = pg.Client.prototype
pg.Client.prototype.query = function (text, values, ...rest) {
  if (typeof text === 'string') asked.push({ text, values })
  return query.call(this, text, values, ...rest)
}

const { name, client } = await openDatabase('scale')
const ask = async (text, values) => (await client.query(text, values)).rows

await ask("CREATE TABLE small (id int PRIMARY KEY, name text); SELECT bemi.track('small'), bemi.start()")
await ask("INSERT INTO small SELECT i, 'before' FROM generate_series(1, 100) i")
await ask("UPDATE small SET name = 'after' WHERE id = 7")
await ask("SELECT bemi.sync('3 min')")

// This month's transactions of five changes, by a thousandth as many people, of a fiftieth as many records.
const [{ low }] = await ask('SELECT min(commit_position) AS low FROM bemi.changes')
await ask(`
  INSERT INTO bemi.changes (id, database, schema, "table", primary_key, operation, before, after, context, committed_at,
    queued_at, created_at, transaction_id, position, commit_position, sequence)
  SELECT (lpad(to_hex(commit / 8), 12, '0') || '80008' || lpad(to_hex(n), 15, '0'))::uuid, current_database(), 'public',
    CASE WHEN i % 4 > 0 THEN 'users' ELSE 'orders' END, i % (${scale} / 50), (ARRAY['CREATE', 'UPDATE', 'UPDATE', 'DELETE'])[1 + i % 4],
    jsonb_build_object('id', i % (${scale} / 50), 'name', 'name ' || i % 1000, 'status', 'new'),
    jsonb_build_object('id', i % (${scale} / 50), 'name', 'name ' || i % 1000, 'status', 'active'),
    jsonb_build_object('user_id', i % (${scale} / 1000), 'endpoint', '/users/' || i % 17), time, time, time, i / 5 + 3, commit - n, commit, n
  FROM (SELECT i, i % 5 AS n, ${low}::bigint - 1000 - (${scale}::bigint - i) / 5 * 8 AS commit, begin + (i / 5 * 5) * ((now() - begin) / ${scale}) AS time
    FROM generate_series(1, ${scale}) AS i, (SELECT min(from_time) AS begin FROM bemi.partitions) AS p) AS s`)
await ask('VACUUM ANALYZE bemi.changes')

const [{ tx, id, at, key, small, past }] = await ask(`
  SELECT c.transaction_id::text AS tx, c.id::text, c.primary_key AS key, to_char(c.committed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
         s.id::text AS small, to_char(s.committed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS past
  FROM (SELECT * FROM bemi.changes WHERE "table" = 'users' ORDER BY committed_at DESC LIMIT 1 OFFSET ${scale} / 3) c,
       (SELECT * FROM bemi.changes WHERE "table" = 'small' AND operation = 'UPDATE') s`)

const pages = {
  'timeline, the newest': '/api/changes?last=all',
  'timeline, the last day': '/api/changes?last=day',
  'timeline, of one table': '/api/changes?schema=public&table=users&last=all',
  'timeline, of a rare table': '/api/changes?schema=public&table=small&last=month',
  'timeline, one record': `/api/changes?table=users&key=${key}&last=all`,
  'timeline, one user': '/api/changes?ctx=user_id:7&last=all',
  'timeline, a user that is not there': '/api/changes?ctx=user_id:nobody&last=all',
  'timeline, one operation': '/api/changes?op=DELETE&last=all',
  'timeline, between two times': `/api/changes?to=${at}&from=${past.slice(0, 4)}-01-01T00:00:00Z`,
  'timeline, a text in an hour': '/api/changes?q=nowhere&last=hour',
  'timeline, a page deep below': `/api/changes?last=all&before=${at}~1~0`,
  'facets, the last day': '/api/facets?last=day',
  'facets, of all': '/api/facets?last=all',
  'histogram, the last day': '/api/histogram?last=day',
  'histogram, of all': '/api/histogram?last=all',
  'histogram, one user': '/api/histogram?ctx=user_id:7&last=all',
  record: `/api/record/public/users/${key}`,
  change: `/api/change/${id}`,
  transaction: `/api/tx/${tx}`,
  tables: '/api/tables',
  status: '/api/status',
  'as of, a small table': `/api/as-of/public/small?at=${past}`,
}

const ui = await startUi({ name })

/** Scans of all of a partition, of those that have rows. */
function wholeScans(node, found = []) {
  if (node['Node Type'] === 'Seq Scan' && node['Plan Rows'] > 1 && /^changes/.test(node['Relation Name'])) found.push(node['Relation Name'])
  for (const child of node.Plans ?? []) wholeScans(child, found)
  return found
}

/** Of a few changes PostgreSQL would rather read all: there it is asked whether an index would do. */
async function plansOf(questions) {
  await ask(`BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; ${isLarge ? '' : 'SET LOCAL enable_seqscan = off'}`)
  const plans = []
  for (const { text, values } of questions) plans.push([text, (await ask(`EXPLAIN (FORMAT JSON) ${text}`, values))[0]['QUERY PLAN'][0].Plan])
  await ask('ROLLBACK')
  return plans
}

for (const [title, path] of Object.entries(pages)) {
  test(title, async (t) => {
    asked.length = 0
    const begin = performance.now()
    const response = await ui.ask(path)
    const body = await response.text()
    const took = performance.now() - begin
    assert.equal(response.status, 200, body.slice(0, 300))
    t.diagnostic(`${Math.round(took)} ms, ${body.length} bytes`)
    assert.ok(body.length < 1_000_000, 'a page, no more')
    const questions = asked.filter(({ text }) => /^\s*(SELECT|WITH)\b/i.test(text) && /bemi\.(readable_)?changes/.test(text))
    for (const [text, plan] of await plansOf(questions)) {
      assert.deepEqual(wholeScans(plan), [], `${text}\n${JSON.stringify(plan, null, 1).slice(0, 3000)}`)
    }
  })
}

test('what was asked was heard', () => assert.ok(asked.length > 0))
