// The package as people get it: packed, installed into an empty folder without a network, and started.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { install, run } from '../../node/test/installed.js'
import { urlOf } from './support.js'

const source = fileURLToPath(new URL('..', import.meta.url))
let project

before(async () => {
  project = await install(source)
})
after(() => rm(project, { recursive: true }))

test('an install needs no network, and has no test in it', async () => {
  assert.deepEqual((await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.')), ['@bemi'])
  const files = await readdir(join(project, 'node_modules/@bemi/ui'))
  assert.deepEqual(files.sort(), ['LICENSE', 'README.md', 'bin', 'node_modules', 'package.json', 'public', 'server'])
})

/** Starts it; the status of the API for somebody with the address that it prints. */
async function statusOf(program, args) {
  const child = spawn(program, args, { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
  after(() => child.kill())
  for await (const line of createInterface(child.stdout)) {
    if (!line.includes('http')) continue
    const address = new URL(line.trim())
    const cookie = (await fetch(address)).headers.get('set-cookie').split(';')[0]
    const { status } = await fetch(`${address.origin}/api/me`, { headers: { cookie } })
    child.kill()
    return status
  }
}

test('bemi-ui starts, and ends with a signal', async () => {
  assert.equal(await statusOf(process.execPath, ['node_modules/@bemi/ui/bin/bemi-ui.js', urlOf(), '--port', '0']), 200)
})

test('bemi ui of the other package starts it too, where it is installed', async () => {
  const program = fileURLToPath(new URL('../../node/dist/cli.js', import.meta.url))
  assert.equal(await statusOf(process.execPath, [program, 'ui', urlOf(), '--port', '0']), 200)
  const missing = await run(process.execPath, [program, 'ui'], { cwd: tmpdir() }).catch((error) => error)
  assert.deepEqual([missing.code, /npm install/.test(missing.stderr)], [2, true])
})
