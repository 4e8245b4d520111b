// What the pages do with texts and numbers, without a page.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diff } from '../public/lib/diff.js'
import { ExactNumber, parse, stringify } from '../public/lib/json.js'
import { pathTo, segmentsOf } from '../public/lib/router.js'

const shown = (parts) => parts.map(({ kind, text }) => (kind === 'old' ? `[-${text}-]` : kind === 'new' ? `[+${text}+]` : text)).join('')
const sideOf = (parts, other) => parts.filter(({ kind }) => kind !== other).map(({ text }) => text).join('')

test('words that differ', () => {
  assert.equal(shown(diff('The quick brown fox', 'The quick red fox')), 'The quick [-brown-][+red+] fox')
  assert.equal(shown(diff('a b c', 'a b c d')), 'a b c[+ d+]')
  assert.equal(shown(diff('', 'new')), '[+new+]')
  assert.equal(shown(diff('same', 'same')), 'same')
  assert.equal(shown(diff('Zürich 中文 😀', 'Zürich 中文 😁')), 'Zürich 中文 [-😀-][+😁+]')
})

test('texts with hardly a word in common are one stretch each', () => {
  assert.equal(shown(diff('lorem ipsum dolor sit', 'nothing of it is there, sit')).match(/\[-/g).length, 1)
})

test('both texts can be read off, whatever they are', () => {
  const word = () => ['a', 'b', ' ', '<', '\n', '😀', 'lorem', '$&'][Math.floor(Math.random() * 8)]
  const text = () => Array.from({ length: Math.random() * 30 }, word).join('')
  for (let round = 0; round < 500; round++) {
    const [before, after] = [text(), text()]
    const parts = diff(before, after)
    assert.deepEqual([sideOf(parts, 'new'), sideOf(parts, 'old')], [before, after])
  }
})

test('long texts take no time', () => {
  const begin = performance.now()
  diff('lorem ipsum '.repeat(50_000), 'ipsum dolor '.repeat(50_000))
  assert.ok(performance.now() - begin < 2000)
})

test('numbers keep their digits', () => {
  const text = '{"a": 10.50, "b": 9223372036854775808, "c": [1e400, -0.0, 7], "d": "10.50, \\"9223372036854775808\\"", "__proto__": 1.0}'
  const value = parse(text)
  assert.equal(stringify(value), text)
  assert.ok(value.a instanceof ExactNumber)
  assert.equal(value.c[2], 7)
  assert.equal(value.d, '10.50, "9223372036854775808"')
})

test('any key is a path, and comes back', () => {
  for (const key of ['26', '', '.', '..', '~', '~..', '/', '%2F', 'a b', '[7,"a"]', '?x#y', '中文', '../../etc/passwd']) {
    const { pathname } = new URL(`http://ui${pathTo('record', 'public', 'todo', key)}`)
    assert.deepEqual(segmentsOf(pathname), ['record', 'public', 'todo', key])
  }
})
