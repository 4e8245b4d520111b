// The README, word for word, in an empty project outside of the tree.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { block, makeProject, readme } from './project.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const example = path('../../../../examples/todo-mikro-orm')
const versionsOf = async (folder) => JSON.parse(await readFile(path(`../${folder}/package.json`), 'utf8')).dependencies
const express = ['express@5.3.0', 'pg@8.23.1']

async function isContent({ call }) {
  const { stdout } = await call('bemi', 'doctor').catch((error) => error)
  assert.match(stdout, /^✔ package/m)
  assert.match(stdout, /^✔ tables: 1 tracked$/m)
}

for (const version of ['6.6', '7.2']) {
  test(`quick start with MikroORM ${version}`, async () => {
    const number = (await versionsOf(`mikro-orm/${version}`))['@mikro-orm/core']
    const mikroOrm = ['core', 'postgresql', 'migrations', 'cli'].map((name) => `@mikro-orm/${name}@${number}`)
    const settings = { configPaths: ['./src/mikro-orm.config.ts'], ...(version < '7' && { alwaysAllowTs: true }) }
    const name = `quickstart_${version.replace('.', '_')}`
    const project = await makeProject(name, { 'mikro-orm': settings }, [...mikroOrm, ...express, 'tsx@4.23.15'])
    const { folder, write, call, env } = project

    // The application as it was before: an entity and its table, in TypeScript.
    await write('tsconfig.json', '{ "compilerOptions": { "module": "nodenext" } }')
    await mkdir(join(folder, 'src/migrations'), { recursive: true })
    for (const file of ['src/todo.ts', 'src/migrations/Migration20231211170000_todo.ts']) await cp(join(example, file), join(folder, file))

    for (const file of ['src/mikro-orm.config.ts', 'src/app.ts']) await write(file, block('ts', `// ${file}\n`))
    const commands = block('sh', 'mikro-orm migration:up')
    assert.ok(commands.includes('npx bemi migration:create --path src/migrations\nnpx mikro-orm migration:up'))
    assert.ok(readme.includes("`NODE_OPTIONS='--import tsx' npx mikro-orm migration:up`"))
    await call('bemi', 'migration:create', '--path', 'src/migrations')
    if (version < '7') env.NODE_OPTIONS = '--import tsx'
    await call('mikro-orm', 'migration:up')

    const request = await project.start('src/app.ts', '--import', 'tsx')
    const response = await request('POST', '/todo', { task: 'Sleep' })
    assert.deepEqual(await response.json(), { id: 1, task: 'Sleep', isCompleted: false })
    assert.deepEqual(await project.changes(), [
      {
        operation: 'CREATE',
        table: 'todo',
        primary_key: '1',
        before: {},
        after: { id: 1, task: 'Sleep', isCompleted: false },
        context: { endpoint: '/todo', method: 'POST', params: { task: 'Sleep' } },
      },
    ])
    await isContent(project)
  })
}

/** An application in JavaScript around what the README shows: `setup` makes what `insert` writes with. */
const application = (setup, insert) => `
import express from 'express'
import { setContext } from '@bemi/node'
${setup}
const app = express()
${block('ts', 'app.use(setContext((req) => ({ endpoint')}
app.use(express.json(), (req, _res, next) => { req.user = { id: 7 }; next() })
app.post('/todo', async (req, res) => {
  ${insert}
  res.status(201).end()
})
app.listen(Number(process.env.PORT))
`

async function playMigration({ folder, pool, call }, orm, directory) {
  await pool.query('CREATE TABLE todo (id int PRIMARY KEY, task text)')
  await call('bemi', 'migration:create', '--orm', orm, '--path', directory)
  const files = await readdir(join(folder, directory), { recursive: true })
  const file = files.find((name) => /(up|migration)\.sql$/.test(name))
  await pool.query(await readFile(join(folder, directory, file), 'utf8'))
}

async function playRequest(project, ...start) {
  const request = await project.start(...start)
  assert.equal((await request('POST', '/todo?x=*/', { id: 1, task: 'Sleep' })).status, 201)
  const [{ operation, after, context }, ...more] = await project.changes()
  assert.deepEqual([operation, after], ['CREATE', { id: 1, task: 'Sleep' }])
  assert.deepEqual(context, { endpoint: '/todo?x=*/', method: 'POST', userId: 7 })
  assert.deepEqual(more, [])
  await isContent(project)
}

test('Express and node-postgres', async () => {
  const project = await makeProject('readme_pg', {}, express)
  await playMigration(project, 'sql', 'migrations')
  const insert = "await pool.query('INSERT INTO todo VALUES ($1, $2)', [req.body.id, req.body.task])"
  await project.write('app.js', application(block('ts', "from '@bemi/node/pg'"), insert))
  await playRequest(project, 'app.js')
})

test('Express and Prisma 7', async () => {
  const versions = Object.entries(await versionsOf('prisma')).filter(([name]) => name !== 'pg')
  const project = await makeProject('readme_prisma', {}, [...versions.map(([name, version]) => `${name}@${version}`), ...express, 'tsx@4.23.15'])
  for (const file of ['schema.prisma', 'prisma.config.ts']) await cp(path(`../prisma/${file}`), join(project.folder, file))
  await playMigration(project, 'prisma', 'prisma/migrations')
  // Prisma's program would download an engine, which generating does not need: it is told that there is one.
  execFileSync(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
    cwd: project.folder,
    env: { ...project.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  })
  await project.write('app.ts', application(block('ts', "from '@prisma/adapter-pg'"), 'await prisma.todo.create({ data: req.body })'))
  await playRequest(project, 'app.ts', '--import', 'tsx')
})
