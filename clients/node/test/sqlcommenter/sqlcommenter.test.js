// Google's sqlcommenter for Knex and Sequelize, as middlewares of Express: what they write is a context, beside ours too.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { context, createTraceState, trace, TraceFlags } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import express from 'express'
import knex from 'knex'
import { DataTypes, Sequelize } from 'sequelize'
import { setContext } from '@bemi/node'
import { withBemi as knexWithBemi } from '@bemi/node/knex'
import { withBemi as sequelizeWithBemi } from '@bemi/node/sequelize'
import { changes, database, makeSchema, range } from '../support.js'

const require = createRequire(import.meta.url)
const { wrapMainKnexAsMiddleware } = require('@google-cloud/sqlcommenter-knex')
const { wrapSequelizeAsMiddleware } = require('@google-cloud/sqlcommenter-sequelize')

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.SAMPLED }
const traceState = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE 100%/*'
const traced = { traceparent: `00-${span.traceId}-${span.spanId}-01`, tracestate: traceState }

const included = { db_driver: true, route: true, traceparent: true, tracestate: true }
const schema = await makeSchema('of_sqlcommenter')
const connection = { ...database, options: '-c bemi.sqlcommenter=db_driver,route,traceparent,tracestate' }

/** Requests through the middlewares to what `write` does; the contexts of their changes, by primary key. */
async function contextsOf(middlewares, write, state = traceState) {
  const app = express()
  const spanContext = { ...span, traceState: createTraceState(state) }
  app.use((_request, _response, next) => context.with(trace.setSpanContext(context.active(), spanContext), next))
  app.use(middlewares)
  app.post('/todo/:id', async (request, response) => {
    await write(Number(request.params.id))
    response.end()
  })
  const server = createServer(app)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}`
  const responses = await Promise.all(range(10).map((id) => fetch(`${url}/todo/${id}`, { method: 'POST' })))
  for (const response of responses) assert.equal(response.status, 200, await response.text())
  server.close()
  server.closeAllConnections()
  return (await changes(schema)).toSorted((a, b) => a.primary_key - b.primary_key).map(({ context }) => context)
}

const expected = (db_driver, more = () => ({})) => range(10).map((id) => ({ db_driver, route: '/todo/:id', ...traced, ...more(id) }))
const ours = setContext((request) => ({ user: Number(request.params?.id) }))
const ofUser = (user) => ({ user })

const googlesKnex = wrapMainKnexAsMiddleware(knex, included, { TraceProvider: 'OpenTelemetry' })
const driverOfKnex = `knex:${require('knex/package').version}`

async function playKnex(config, middlewares, state) {
  const db = knex({ client: 'pg', connection, ...config })
  const contexts = await contextsOf(middlewares, (id) => db('todo').withSchema(schema).insert({ id, task: 'Sleep' }), state)
  await db('todo').withSchema(schema).delete()
  await changes(schema)
  await db.destroy()
  return contexts
}

test('Knex', async () => {
  assert.deepEqual(await playKnex({}, [googlesKnex]), expected(driverOfKnex))
})

test('Knex, with the package', async () => {
  assert.deepEqual(await playKnex(knexWithBemi({}), [googlesKnex, ours]), expected(driverOfKnex, ofUser))
})

// It leaves the quote as it is, so what stands in the comment is in no known form.
test('Knex, a value that breaks its comment costs its tags only', async () => {
  assert.deepEqual(await playKnex({}, [googlesKnex], "rojo=it's"), range(10).map(() => ({})))
  assert.deepEqual(await playKnex(knexWithBemi({}), [googlesKnex, ours], "rojo=it's"), range(10).map(ofUser))
})

const googlesSequelize = wrapSequelizeAsMiddleware(
  new Sequelize({ dialect: 'postgres' }),
  included,
  { TraceProvider: 'OpenTelemetry' },
)
const driverOfSequelize = `sequelize:${require('sequelize').version ?? require('sequelize/package').version}`

async function playSequelize(wrap, middlewares) {
  const options = { ...database, dialect: 'postgres', username: database.user, logging: false }
  const sequelize = wrap(new Sequelize({ ...options, dialectOptions: { options: connection.options } }))
  const Todo = sequelize.define(
    'todo',
    { id: { type: DataTypes.INTEGER, primaryKey: true }, task: DataTypes.TEXT },
    { schema, freezeTableName: true, timestamps: false },
  )
  const contexts = await contextsOf(middlewares, (id) => Todo.create({ id, task: 'Sleep' }))
  await Todo.destroy({ where: {} })
  await changes(schema)
  await sequelize.close()
  return contexts
}

test('Sequelize', async () => {
  assert.deepEqual(await playSequelize((sequelize) => sequelize, [googlesSequelize]), expected(driverOfSequelize))
})

test('Sequelize, with the package', async () => {
  assert.deepEqual(await playSequelize(sequelizeWithBemi, [googlesSequelize, ours]), expected(driverOfSequelize, ofUser))
})
