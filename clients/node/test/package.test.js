// The package as users get it: packed, installed into an empty project outside of the tree.
import assert from 'node:assert/strict'
import { readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { install, run } from './installed.js'

const source = fileURLToPath(new URL('..', import.meta.url))
const { exports } = createRequire(import.meta.url)('../package.json')
const subpaths = Object.keys(exports).map((name) => join('@bemi/node', name))
let project

before(async () => {
  project = await install(source)
})
after(() => rm(project, { recursive: true }))

test('an install brings the package and nothing else', async () => {
  assert.deepEqual((await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.')), ['@bemi'])
  assert.deepEqual(await readdir(join(project, 'node_modules/@bemi')), ['node'])
  const files = await readdir(join(project, 'node_modules/@bemi/node'))
  assert.deepEqual(files.sort(), ['LICENSE', 'README.md', 'dist', 'package.json'])
})

test('every entry can be imported, and required from CommonJS, without a library that it is for', async () => {
  const imports = subpaths.map((path) => `await import(${JSON.stringify(path)}${path.endsWith('.json') ? ", { with: { type: 'json' } }" : ''})`)
  const script = `const shown = [${imports.map((each) => `Object.keys(${each}).length`).join(', ')}]; console.log(shown.every(Boolean))`
  assert.equal((await run(process.execPath, ['--input-type=module', '--no-warnings', '-e', script], { cwd: project })).stdout, 'true\n')
  const required = `for (const path of ${JSON.stringify(subpaths)}) require(path)
    const { withContext, withComment } = require('@bemi/node')
    console.log(withContext({ user: 7 }, () => withComment('DELETE FROM todo')))`
  const { stdout, stderr } = await run(process.execPath, ['--input-type=commonjs', '-e', required], { cwd: project })
  assert.equal(stdout, '/*Bemi {"user": 7} Bemi*/ DELETE FROM todo\n')
  assert.equal(stderr, '')
})
