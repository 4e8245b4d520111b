// From a context to the comment in front of a statement, without a server.
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { configure, withComment, withContext } from '@bemi/node'
import { hostile } from './support.js'

const defaults = { affix: 'Bemi', maxBytes: 65536, statements: 'writes' }
afterEach(() => configure({ ...defaults, redact: undefined, onDrop: undefined, traceparent: undefined }))

const write = 'UPDATE todo SET task = 1'
const commented = (context, sql = write) => withContext(context, () => withComment(sql))

/** What is between the affixes, read as JSON. */
function read(context, affix = 'Bemi') {
  const text = commented(context)
  const [, json] = new RegExp(`^/\\*${affix} (.*) ${affix}\\*/ UPDATE todo SET task = 1$`, 's').exec(text) ?? []
  return json && JSON.parse(json)
}

test('the comment stands in front', () => {
  assert.equal(commented({ user: 7 }), '/*Bemi {"user": 7} Bemi*/ UPDATE todo SET task = 1')
  assert.equal(withComment(write), write)
  assert.equal(commented({}), write)
  assert.equal(commented(undefined), write)
})

test('what has one gets no second one', () => {
  const once = commented({ user: 7 })
  assert.equal(commented({ user: 8 }, once), once)
})

const writes = `INSERT INTO t VALUES (1)
  update t set a = 1
  DELETE FROM t
  MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE
  TRUNCATE t
  COPY t FROM STDIN
  CALL f()
  DO 'BEGIN END'
  EXECUTE plan
  WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x
  SELECT * INTO n FROM t
  SELECT f(1)
  SELECT * FROM f(1)
  SELECT * FROM LATERAL s.f(1)
  EXPLAIN ANALYZE DELETE FROM t
  EXPLAIN (ANALYZE) DELETE FROM t
  CREATE TABLE n AS SELECT 1
  BEGIN; DELETE FROM t; COMMIT
  SELECT 1 FROM t; DELETE FROM t
  SET a = 1; DELETE FROM t
  /* a /* nested */ b */ DELETE FROM t
  (((WITH x AS (SELECT 1) SELECT * FROM x)))`
const others = `SELECT * FROM t
  select id from t where a in (select 1 from u)
  (SELECT 1 FROM t) UNION (SELECT 2 FROM t)
  -- DELETE
  /* DELETE
  /* x */ SELECT 1 FROM t
  VALUES (1)
  TABLE t
  EXPLAIN DELETE FROM t
  FETCH 1 FROM c
  DECLARE c CURSOR FOR SELECT 1 FROM t
  BEGIN
  START TRANSACTION
  COMMIT
  ROLLBACK TO SAVEPOINT a
  RELEASE a
  SAVEPOINT a
  SET LOCAL a = 1
  SHOW a
  RESET ALL
  LISTEN c
  NOTIFY c
  DISCARD ALL
  DEALLOCATE p
  SELECT 1 FROM t;
  SELECT 1 FROM t ; `
const each = (text) => text.split('\n').map((line) => line.replace(/^ {2}/, ''))

test('statements that can change a row carry the context', () => {
  for (const sql of each(writes)) assert.notEqual(commented({ user: 7 }, sql), sql, sql)
  assert.notEqual(commented({ user: 7 }, `-- a line\nDELETE FROM t`), `-- a line\nDELETE FROM t`)
})

test('others do not', () => {
  for (const sql of [...each(others), '', '   ', ';']) assert.equal(commented({ user: 7 }, sql), sql, sql)
})

test("statements: 'all' adds reads, but neither transactions nor settings", () => {
  configure({ statements: 'all' })
  assert.notEqual(commented({ user: 7 }, 'SELECT * FROM t'), 'SELECT * FROM t')
  assert.equal(commented({ user: 7 }, 'BEGIN'), 'BEGIN')
  assert.equal(commented({ user: 7 }, 'SET a = 1'), 'SET a = 1')
})

test('a statement of 10 MB is looked at in no time, whatever it begins with', () => {
  for (const blank of [`/*${'x'.repeat(1e7)}*/`, ' '.repeat(1e7), `--${'x'.repeat(1e7)}\n`, '/*'.repeat(5e6)]) {
    assert.ok(commented({ user: 7 }, `${blank} DELETE FROM t`).length >= 1e7)
  }
})

test('hostile values come back, and nothing in the comment is special to SQL or to query builders', () => {
  assert.deepEqual(read(hostile), hostile)
  const inside = commented(hostile).slice('/*Bemi '.length, -` Bemi*/ ${write}`.length)
  assert.doesNotMatch(inside, /[*?$]|:\w|[^ -~]/)
})

test('what JSON cannot hold is written as something that it can', () => {
  const cycle = { name: 'a' }
  cycle.self = cycle
  const context = {
    big: 9007199254740993n,
    date: new Date(0),
    invalid: new Date(NaN),
    nan: NaN,
    infinite: -Infinity,
    nul: 'a\0b',
    half: 'a\ud800b',
    cycle,
    array: [undefined, () => {}, Symbol('x'), 1],
    absent: undefined,
    method() {},
    symbol: Symbol('x'),
    nested: { get broken() { throw new Error('no') }, fine: 1, none: null },
    toJSON: { toJSON: () => ({ shown: true }) },
    broken: { toJSON() { throw new Error('no') } },
  }
  assert.match(commented(context), /"big": 9007199254740993,/)
  assert.deepEqual(read(context), {
    big: Number(9007199254740993n),
    date: '1970-01-01T00:00:00.000Z',
    invalid: null,
    nan: 'NaN',
    infinite: '-Infinity',
    nul: 'a\ufffdb',
    half: 'a\ufffdb',
    cycle: { name: 'a', self: '[Circular]' },
    array: [null, null, null, 1],
    nested: { fine: 1, none: null },
    toJSON: { shown: true },
  })
})

test('a shared object is no cycle, and nesting has an end', () => {
  const shared = { a: 1 }
  assert.deepEqual(read({ one: shared, two: [shared, shared] }), { one: shared, two: [shared, shared] })
  let deep = 'bottom'
  for (let level = 0; level < 10000; level++) deep = [deep]
  assert.match(commented({ user: 7, deep }), /Too deep/)
})

test('a context that cannot be read at all does not fail the statement', () => {
  const broken = new Proxy({}, { ownKeys() { throw new Error('no') } })
  assert.equal(commented(broken), write)
  assert.equal(commented(() => broken), write)
})

test('too large: the largest keys go, and the context and onDrop say which', () => {
  const dropped = []
  configure({ maxBytes: 1024, onDrop: (keys, context) => dropped.push([keys, context.user]) })
  const context = { user: 7, small: 'x'.repeat(500), larger: 'x'.repeat(600), params: { file: 'x'.repeat(1e7) } }
  assert.deepEqual(read(context), { user: 7, small: 'x'.repeat(500), 'bemi.dropped': ['params', 'larger'] })
  assert.deepEqual(dropped, [[['params', 'larger'], 7]])
  assert.ok(commented(context).length < 1024 + 100)
})

test('too large: by its names, by their number, by escapes', () => {
  configure({ maxBytes: 1024, onDrop: () => { throw new Error('no') } })
  const many = Object.fromEntries(Array.from({ length: 1e5 }, (_, index) => [`key ${index}`, index]))
  for (const context of [many, { ['k'.repeat(1e7)]: 1 }, { user: '\u2028'.repeat(1000) }, { list: Array(1e6).fill(1) }]) {
    const text = commented(context)
    assert.ok(text.length <= 1024 + 100, text.length)
    assert.ok(read(context)['bemi.dropped'].length <= 10)
  }
})

test('a value of 10 MB costs no more than one of the permitted size', () => {
  const context = { params: 'x'.repeat(1e7), buffer: Buffer.alloc(1e7), list: Array(1e6).fill('x') }
  assert.deepEqual(Object.keys(read({ user: 7, params: context.params })), ['user', 'bemi.dropped'])
  assert.deepEqual(read(context)['bemi.dropped'], ['params', 'buffer', 'list'])
})

test('redact: names of keys at any depth', () => {
  configure({ redact: ['password'] })
  assert.deepEqual(read({ user: 7, params: [{ password: 'x', p: 1 }] }), { user: 7, params: [{ password: '[REDACTED]', p: 1 }] })
})

test('redact: a function; if it throws, the value is not shown', () => {
  configure({ redact: (key, value) => (/mail/i.test(key) ? undefined : key === 'bad' ? JSON.parse('{') : value) })
  assert.deepEqual(read({ user: 7, eMail: 'x', bad: 'secret' }), { user: 7, bad: '[REDACTED]' })
})

test('traceparent', () => {
  configure({ traceparent: () => '00-a-b-01' })
  assert.deepEqual(read({ user: 7 }), { user: 7, traceparent: '00-a-b-01' })
  configure({ traceparent: () => { throw new Error('no') } })
  assert.deepEqual(read({ user: 7 }), { user: 7 })
})

test('affix', () => {
  configure({ affix: 'Audit_1' })
  assert.deepEqual(read({ user: 7 }, 'Audit_1'), { user: 7 })
})

test('settings that would break a statement are errors, and change nothing', () => {
  for (const wrong of [{ affix: '' }, { affix: 'a*/' }, { affix: 'a b' }, { maxBytes: 10 }, { maxBytes: NaN }, { statements: 'some' }]) {
    assert.throws(() => configure(wrong))
  }
  assert.equal(commented({ user: 7 }), '/*Bemi {"user": 7} Bemi*/ UPDATE todo SET task = 1')
})
