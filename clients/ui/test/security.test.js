// Who gets in, and what harm a request may try to do.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { request } from 'node:http'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { start } from '../server/start.js'
import { hostile, startUi, urlOf } from './support.js'

const ui = await startUi()
const { body: me } = await ui.json('/api/me')

/** A request whose headers and path are exactly these. */
function raw(path, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(ui.origin)
    const sent = request({ hostname, port, path, method, headers: { cookie: ui.cookie, ...headers } }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }))
    })
    sent.on('error', reject)
    sent.on('upgrade', (_, socket) => (socket.destroy(), resolve({ status: 101 })))
    sent.end(body)
  })
}

test('without the token nothing is told; with it there is a cookie that no script and no other site has', async () => {
  for (const cookie of ['', 'bemi_ui=x', `${ui.cookie}x`, ui.cookie.replace(/=.*/, '=')]) {
    const { status, body } = await ui.json('/api/me', { headers: { cookie } })
    assert.deepEqual([status, body.code], [401, 'session'])
  }
  assert.equal((await fetch(`${ui.origin}/?token=wrong`)).headers.get('set-cookie'), null)
  const entered = await fetch(ui.address)
  assert.match(entered.headers.get('set-cookie'), /^bemi_ui_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
  assert.ok(!(await entered.text()).includes('token'))
})

test('only by its own name: DNS may lead any other here', async () => {
  const { port } = new URL(ui.origin)
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port}.evil.example`, 'x']) {
    assert.equal((await raw('/api/me', { headers: { host } })).status, 421, host)
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`]) assert.equal((await raw('/api/me', { headers: { host } })).status, 200)
})

test('a POST needs our origin and the token of our page', async () => {
  const good = { origin: ui.origin, 'x-bemi-token': me.token }
  for (const headers of [{}, { ...good, origin: 'http://evil.example' }, { ...good, origin: 'null' }, { ...good, 'x-bemi-token': 'x' }, { origin: ui.origin }]) {
    assert.equal((await raw('/api/revert', { method: 'POST', headers, body: '{}' })).status, 403, JSON.stringify(headers))
  }
  assert.equal((await raw('/api/revert', { method: 'POST', headers: good, body: '{}' })).status, 400)
  assert.equal((await raw('/api/revert', { method: 'POST', headers: good, body: 'x'.repeat(1_000_000) })).status, 413)
  for (const body of ['', '[1]', 'null', '{"selector": []}', '{"selector": {"triggers": "f"}}', '{"selector": {"relation": "x\\u0000"}}', '{"selector":{},"conflicts":"x"}', '{"dry_run":true}']) {
    assert.equal((await raw('/api/revert', { method: 'POST', headers: good, body })).status, 400, body)
  }
})

test('no page frames, embeds or scripts ours', async () => {
  for (const path of ['/', '/status', '/app.js', '/api/me', '/nowhere']) {
    const { headers } = await ui.ask(path)
    assert.match(headers.get('content-security-policy'), /default-src 'none'; script-src 'self'; style-src 'self'.*frame-ancestors 'none'.*require-trusted-types-for 'script'/)
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('access-control-allow-origin'), null)
  }
})

test('methods, upgrades, paths that are none', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
    assert.equal((await raw('/api/changes', { method })).status, 405, method)
    assert.equal((await raw('/', { method })).status, 405, method)
  }
  assert.equal((await raw('/api/revert')).status, 405)
  const upgraded = await raw('/api/me', { headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': 'x', 'sec-websocket-version': '13' } })
  assert.equal(upgraded.status, 200)
  for (const path of ['/../package.json', '/..%2fpackage.json', '/%2e%2e/server/start.js', '/vendor/../../package.json', '/vendor', '//etc/passwd', '/server/start.js', '/api/../app.js%00', '/%']) {
    const { status, text } = await raw(path)
    assert.ok([400, 404].includes(status) && !text.includes('bundle'), `${path}: ${status}`)
  }
  assert.equal((await raw('http://evil.example/')).status, 400)
  assert.equal((await raw('/api/record/public/todo/%ff')).status, 400)
})

const addresses = ['schema', 'table', 'op', 'key', 'tx', 'ctx', 'q', 'column', 'last', 'from', 'to', 'before', 'nonsense'].map((name) => ['/api/changes?last=day&schema=nothing&', name])
addresses.push(...['at', 'mark', 'transaction', 'change', 'lsn', 'key', 'after'].map((name) => ['/api/as-of/public/todo?', name]), ['/api/tx/1?', 'after'], ['/api/tail?', 'since'], ['/api/facets?', 'table'], ['/api/histogram?', 'from'], ['/api/export.csv?', 'to'])
const values = [...hostile, '', '\0', '%', 'NaN', '-1', '9'.repeat(40), '[]', '{"a":', '2026-13-45', 'infinity', '1e9', 'x'.repeat(10_000)]

/** A few at a time: a browser has six connections. */
async function each(fn) {
  for (let index = 0; index < values.length; index += 5) await Promise.all(values.slice(index, index + 5).map(fn))
}

test('each parameter with what it is not: told, never run, never a failure of ours', async () => {
  for (const [address, name] of addresses) {
    await each(async (value) => {
      const response = await ui.ask(`${address}${name}=${encodeURIComponent(value)}`)
      assert.ok([200, 400, 404, 409, 422].includes(response.status), `${address}${name}=${value}: ${response.status}`)
      if (response.status === 200 && address.startsWith('/api/tail')) await response.body.cancel()
      else if (response.status !== 200) assert.deepEqual(Object.keys(await response.json()), ['error', 'code', 'hint'])
    })
  }
  for (const path of ['/api/change/', '/api/tx/', '/api/record/public/todo/', '/api/record/', '/api/as-of/public/']) {
    await each(async (value) => {
      const { status } = await ui.ask(path + encodeURIComponent(value))
      assert.ok([200, 400, 404].includes(status), `${path}${value}: ${status}`)
    })
  }
})

test('a megabyte in the address, and in a cookie', async () => {
  assert.equal((await raw(`/api/changes?q=${'x'.repeat(1_000_000)}`)).status, 431)
  assert.equal((await raw('/', { headers: { cookie: 'x'.repeat(1_000_000) } })).status, 431)
})

test('another address than this machine only behind a proxy, whose name then is the only one', async () => {
  await assert.rejects(start({ url: urlOf(), host: '0.0.0.0' }), /--behind-proxy/)
  await assert.rejects(start({ url: urlOf(), host: '0.0.0.0', proxy: 'nonsense' }), /is not an address/)
  const { address, close } = await start({ url: urlOf(), proxy: 'https://audit.example.com/' })
  await close()
  assert.match(address, /^https:\/\/audit\.example\.com\/\?token=/)
})

test('the command line', async () => {
  const program = fileURLToPath(new URL('../bin/bemi-ui.js', import.meta.url))
  const run = (...args) => promisify(execFile)(process.execPath, [program, ...args]).then(() => 0, ({ code, stderr }) => [code, stderr])
  assert.match((await run('--port', 'x'))[1], /no port/)
  assert.match((await run('a', 'b'))[1], /^usage/)
  assert.match((await run('--nonsense'))[1], /^bemi-ui: /)
  assert.match((await run('--port', new URL(ui.origin).port))[1], /is taken/)
  assert.equal(await run('--help'), 0)
})
