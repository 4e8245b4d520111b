// The middlewares: a hundred requests at once, each with its own context, on every framework.
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import { serve } from '@hono/node-server'
import { Controller, Module, Post, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { initTRPC } from '@trpc/server'
import { createHTTPServer } from '@trpc/server/adapters/standalone'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import pg from 'pg'
import { apolloContext, currentContext, fastifyContext, honoContext, koaContext, setContext, trpcContext, withContext } from '@bemi/node'
import { instrumentPool } from '@bemi/node/pg'
import { changes, database, makeSchema, pause, range } from './support.js'

const schema = await makeSchema('of_http')
const pool = instrumentPool(new pg.Pool({ ...database, max: 4 }))
after(() => pool.end())

/** What a handler does: a write, something slow, another write. */
async function handle(id) {
  await pool.query(`INSERT INTO ${schema}.todo (id) VALUES ($1)`, [id])
  await pause()
  await pool.query(`UPDATE ${schema}.todo SET task = 'x' WHERE id = $1`, [id])
  return { id, context: currentContext() }
}

/** The body arrives in two pieces, on connections that are used again. */
async function post(url, id, body = { id }) {
  const text = JSON.stringify(body)
  const pieces = [text.slice(0, 5), text.slice(5)]
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-user': String(id), 'content-length': String(text.length) },
    duplex: 'half',
    body: new ReadableStream({
      async pull(controller) {
        await pause()
        const piece = pieces.shift()
        piece === undefined ? controller.close() : controller.enqueue(new TextEncoder().encode(piece))
      },
    }),
  })
  assert.equal(response.status, 200, await response.clone().text())
  return response.json()
}

let used = 0
const newId = () => (used += 1000)

async function hundredRequests(url, makeBody) {
  await changes(schema)
  const first = newId()
  // In two waves: the second one comes on connections of the first.
  for (const wave of [0, 50]) {
    await Promise.all(range(50).map((index) => post(url, first + wave + index, makeBody?.(first + wave + index))))
  }
  const all = await changes(schema)
  assert.equal(all.length, 200)
  for (const { primary_key, context } of all) {
    assert.equal(context.user, Number(primary_key))
    assert.equal(context.id, Number(primary_key))
  }
}

const listen = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)))

function stopAfter(server) {
  after(() => {
    server.close()
    server.closeAllConnections?.()
  })
}

/** Authentication: who it is, is known later than the middleware runs. */
const authenticate = (request, _response, next) =>
  pause(1).then(() => {
    request.user = { id: Number(request.headers['x-user']) }
    next()
  })
const ofRequest = (request) => ({ user: request.user?.id, id: request.body?.id, method: request.method })

test('Express: before body parser and authentication', async () => {
  const app = express()
  app.use(setContext(ofRequest), express.json(), authenticate)
  app.post('/', async (request, response) => response.json(await handle(request.body.id)))
  const server = createServer(app)
  stopAfter(server)
  await hundredRequests(await listen(server))
})

test('Express: a parser that knows nothing of async contexts', async () => {
  const app = express()
  app.use(setContext(ofRequest))
  app.use((request, _response, next) => {
    let text = ''
    request.on('data', (piece) => (text += piece))
    request.on('end', () => {
      request.body = JSON.parse(text)
      next()
    })
  })
  app.use(authenticate)
  app.post('/', async (request, response) => response.json(await handle(request.body.id)))
  const server = createServer(app)
  stopAfter(server)
  await hundredRequests(await listen(server))
})

test('Express: two middlewares, the inner one wins', async () => {
  const app = express()
  app.use(setContext(() => ({ user: 'outer', app: 'todo' })), express.json(), authenticate)
  app.use(setContext(ofRequest))
  app.post('/', async (request, response) => response.json(await handle(request.body.id)))
  const server = createServer(app)
  stopAfter(server)
  const url = await listen(server)
  await hundredRequests(url)
  const id = newId()
  assert.deepEqual((await post(url, id)).context, { app: 'todo', user: id, id, method: 'POST' })
})

test('Express: a callback that throws costs nothing but the context', async () => {
  const app = express()
  app.use(setContext((request) => ({ name: request.user.name.first })), express.json())
  app.post('/', async (request, response) => response.json(await handle(request.body.id)))
  const server = createServer(app)
  stopAfter(server)
  const id = newId()
  assert.deepEqual(await post(await listen(server), id), { id, context: {} })
})

test('Connect, as plain node:http', async () => {
  const middleware = setContext(ofRequest)
  const server = createServer((request, response) =>
    middleware(request, response, async () => {
      request.user = { id: Number(request.headers['x-user']) }
      request.body = JSON.parse(Buffer.concat(await request.toArray()).toString())
      response.end(JSON.stringify(await handle(request.body.id)))
    }),
  )
  stopAfter(server)
  await hundredRequests(await listen(server))
})

test('Fastify', async () => {
  const app = fastify()
  app.register(fastifyContext(ofRequest))
  app.addHook('preHandler', async (request) => {
    request.user = { id: Number(request.headers['x-user']) }
  })
  app.register(async (part) => part.post('/', async (request) => handle(request.body.id)))
  after(() => app.close())
  await hundredRequests(await app.listen({ port: 0, host: '127.0.0.1' }))
})

test('Hono', async () => {
  const app = new Hono()
  app.use(honoContext((c) => ({ user: c.get('user'), id: c.get('id') })))
  app.post('/', async (c) => {
    c.set('user', Number(c.req.header('x-user')))
    c.set('id', (await c.req.json()).id)
    return c.json(await handle(c.get('id')))
  })
  const server = await new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(server))
  })
  stopAfter(server)
  await hundredRequests(`http://127.0.0.1:${server.address().port}`)
})

test('Koa', async () => {
  const app = new Koa()
  app.use(koaContext((ctx) => ({ user: ctx.state.user, id: ctx.state.id })))
  app.use(async (ctx) => {
    ctx.state.user = Number(ctx.get('x-user'))
    ctx.state.id = JSON.parse(Buffer.concat(await ctx.req.toArray()).toString()).id
    ctx.body = await handle(ctx.state.id)
  })
  const server = createServer(app.callback())
  stopAfter(server)
  await hundredRequests(await listen(server))
})

test('tRPC', async () => {
  const t = initTRPC.context().create()
  const procedure = t.procedure.use(trpcContext(({ ctx, path }) => ({ user: ctx.user, id: ctx.user, path })))
  const router = t.router({ add: procedure.input((input) => input).mutation(({ input }) => handle(input.id)) })
  const server = createHTTPServer({ router, createContext: ({ req }) => ({ user: Number(req.headers['x-user']) }) })
  stopAfter(server)
  await hundredRequests(`${await listen(server)}/add`)
})

test('Apollo Server', async () => {
  const server = new ApolloServer({
    typeDefs: `type Query { _: Int }  type Mutation { add(id: Int!): Int }`,
    resolvers: { Mutation: { add: async (_, { id }) => (await handle(id)).id } },
    plugins: [apolloContext(({ contextValue, request }) => ({ user: contextValue.user, id: request.variables.id }))],
  })
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: '127.0.0.1' },
    context: async ({ req }) => ({ user: Number(req.headers['x-user']) }),
  })
  after(() => server.stop())
  await hundredRequests(url, (id) => ({ query: 'mutation ($id: Int!) { add(id: $id) }', variables: { id } }))
})

test('NestJS', async () => {
  class Todos {
    async add(request) {
      return handle(request.body.id)
    }
  }
  Req()(Todos.prototype, 'add', 0)
  Post()(Todos.prototype, 'add', Object.getOwnPropertyDescriptor(Todos.prototype, 'add'))
  Controller()(Todos)
  class App {}
  Module({ controllers: [Todos] })(App)
  const app = await NestFactory.create(App, { logger: false })
  app.use(setContext(ofRequest), authenticate)
  app.useGlobalInterceptors({ intercept: (context, next) => (context.switchToHttp().getResponse().status(200), next.handle()) })
  await app.listen(0, '127.0.0.1')
  after(() => app.close())
  await hundredRequests(await app.getUrl())
})

test('a job beside the requests has its own context', async () => {
  await changes(schema)
  await withContext({ job: 'nightly' }, () => handle(newId()))
  assert.deepEqual((await changes(schema)).map(({ context }) => context), [{ job: 'nightly' }, { job: 'nightly' }])
})
