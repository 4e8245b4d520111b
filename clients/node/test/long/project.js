// An empty project outside of the tree, as a reader of the README has it.
import { execFile, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { database, pause, sql } from '../support.js'

const run = promisify(execFile)
const path = (name) => fileURLToPath(new URL(name, import.meta.url))

export const readme = await readFile(path('../../README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(([, language, text]) => ({ language, text }))

const home = await mkdtemp(join(tmpdir(), 'bemi-'))
after(() => rm(home, { recursive: true }))
const cache = join(home, '.npm')

// What a clone has: nothing is installed and nothing is built.
const isTracked = (source) => !/\/(node_modules|dist|test)$/.test(source)
await cp(path('../..'), join(home, 'bemi/clients/node'), { recursive: true, filter: isTracked })
await cp(path('../../../../LICENSE'), join(home, 'bemi/LICENSE'))

/** The one block of the README, in this language, that has the text. */
export function block(language, text) {
  const found = blocks.filter((each) => each.language === language && each.text.includes(text))
  if (found.length !== 1) throw new Error(`${found.length} blocks of the README have ${text}`)
  return found[0].text
}

/** Installs what the application had before, then this package as the README says, with a database of its own. */
export async function makeProject(name, packageJson, packages) {
  const folder = join(home, name)
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', ...packageJson }))
  const npm = (...args) =>
    run('/usr/bin/node', ['/usr/bin/npm', ...args, '--no-audit', '--no-fund', '--cache', cache], { cwd: folder })
  await npm('install', '--ignore-scripts', ...packages)
  for (const command of block('sh', 'npm pack').trim().split('\n')) await npm(...command.split(' ').slice(1))

  const databaseName = `${name}_${process.versions.node.split('.')[0]}`
  await sql(`CREATE DATABASE ${databaseName}`)
  const pool = new pg.Pool({ ...database, database: databaseName })
  after(() => pool.end())
  const { host, port, user } = database
  const url = `postgresql://${user}@/${databaseName}?host=${encodeURIComponent(host)}&port=${port}`
  const env = { ...process.env, PGDATABASE: databaseName, PGUSER: user, DATABASE_URL: url }
  return {
    folder,
    pool,
    env,
    write: async (name, text) => {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    },
    call: (program, ...args) => run(join(folder, 'node_modules/.bin', program), args, { cwd: folder, env }),
    start: (file, ...args) => start(file, args, { cwd: folder, env }),
    changes: async () => {
      await pool.query('SELECT bemi.sync()')
      return (await pool.query(block('sql', 'FROM bemi.changes'))).rows
    },
  }
}

/** Starts the application; calls it, as soon as it listens, with a method, a path and a body. */
async function start(file, args, options) {
  const port = await freePort()
  const env = { ...options.env, PORT: String(port) }
  const app = spawn(process.execPath, [...args, file], { ...options, env, stdio: 'inherit' })
  after(() => app.kill())
  return (method, path, body) =>
    retried(() =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    )
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  server.close()
  return port
}

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
