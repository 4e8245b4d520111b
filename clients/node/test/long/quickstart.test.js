// The quick start of the README, word for word, in an empty project outside of the tree.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { database, pause, sql } from '../support.js'

const run = promisify(execFile)
const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const example = path('../../../../examples/todo-mikro-orm')
const readme = await readFile(path('../../README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language, text]) => ({ language, text }))

const npm = (cwd, ...args) => run('/usr/bin/node', ['/usr/bin/npm', ...args, '--no-audit', '--no-fund', '--cache', join(cwd, '.cache')], { cwd })

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  server.close()
  return port
}

for (const version of ['6.6', '7.2']) {
  test(`quick start with MikroORM ${version}`, async () => {
    const project = await mkdtemp(join(tmpdir(), 'bemi-'))
    after(() => rm(project, { recursive: true }))
    const { dependencies } = JSON.parse(await readFile(path(`../mikro-orm/${version}/package.json`), 'utf8'))
    const mikroOrm = ['core', 'postgresql', 'migrations', 'cli'].map((name) => `@mikro-orm/${name}@${dependencies['@mikro-orm/core']}`)

    // The application as it was before: an entity and its table, in TypeScript.
    const settings = { configPaths: ['./src/mikro-orm.config.ts'], ...(version < '7' && { alwaysAllowTs: true }) }
    await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module', 'mikro-orm': settings }))
    await writeFile(join(project, 'tsconfig.json'), '{ "compilerOptions": { "module": "nodenext" } }')
    await mkdir(join(project, 'src/migrations'), { recursive: true })
    await cp(join(example, 'src/todo.ts'), join(project, 'src/todo.ts'))
    const migration = 'src/migrations/Migration20231211170000_todo.ts'
    await cp(join(example, migration), join(project, migration))
    await npm(project, 'install', ...mikroOrm, 'express@5.3.0', 'tsx@4.23.15', 'pg@8.23.1')

    // The steps.
    await npm(project, 'pack', path('../..'))
    await npm(project, 'install', './bemi-node-1.0.0.tgz')
    for (const { text } of blocks) {
      const [, name] = /^\/\/ (src\/\S+)\n/.exec(text) ?? []
      if (name) await mkdir(dirname(join(project, name)), { recursive: true }).then(() => writeFile(join(project, name), text))
    }
    const name = `quickstart_${version.replace('.', '_')}`
    await sql(`CREATE DATABASE ${name}`)
    const port = await freePort()
    const env = { ...process.env, PGDATABASE: name, PGUSER: 'postgres', PORT: String(port) }
    const call = (program, ...args) => run(join(project, 'node_modules/.bin', program), args, { cwd: project, env })
    const commands = blocks.find(({ language, text }) => language === 'sh' && text.includes('npx bemi')).text
    assert.ok(commands.includes('npx bemi migration:create --path src/migrations\nnpx mikro-orm migration:up'))
    assert.ok(readme.includes("`NODE_OPTIONS='--import tsx' npx mikro-orm migration:up`"))
    await call('bemi', 'migration:create', '--path', 'src/migrations')
    if (version < '7') env.NODE_OPTIONS = '--import tsx'
    await call('mikro-orm', 'migration:up')

    const app = spawn(process.execPath, ['--import', 'tsx', 'src/app.ts'], { cwd: project, env, stdio: 'inherit' })
    after(() => app.kill())
    const response = await retried(() =>
      fetch(`http://127.0.0.1:${port}/todo`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"task": "Sleep"}',
      }),
    )
    assert.deepEqual(await response.json(), { id: 1, task: 'Sleep', isCompleted: false })

    const { text } = blocks.find(({ text }) => text.includes('FROM bemi.changes'))
    const pool = new pg.Pool({ ...database, database: name })
    after(() => pool.end())
    await pool.query('SELECT bemi.sync()')
    assert.deepEqual((await pool.query(text)).rows, [
      {
        operation: 'CREATE',
        table: 'todo',
        primary_key: '1',
        before: {},
        after: { id: 1, task: 'Sleep', isCompleted: false },
        context: { endpoint: '/todo', method: 'POST', params: { task: 'Sleep' } },
      },
    ])
    const { stdout } = await call('bemi', 'doctor').catch((error) => error)
    assert.match(stdout, /^✔ package/m)
    assert.match(stdout, /^✔ tables: 1 tracked$/m)
  })
}

/** Until the application listens. */
async function retried(fn) {
  for (;;) {
    try {
      return await fn()
    } catch (error) {
      if (error.cause?.code !== 'ECONNREFUSED') throw error
      await pause(50)
    }
  }
}
