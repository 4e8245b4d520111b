// Only compiled: the package's types beside those of the libraries that it is for.
import { ApolloServer } from '@apollo/server'
import { initTRPC } from '@trpc/server'
import { drizzle } from 'drizzle-orm/node-postgres'
import express, { type Request } from 'express'
import fastify, { type FastifyRequest } from 'fastify'
import { type Context as HonoContext, Hono } from 'hono'
import knex from 'knex'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import postgres from 'postgres'
import { Sequelize } from 'sequelize'
import { DataSource } from 'typeorm'
import {
  apolloContext,
  bemiContext,
  bemiDownSql,
  bemiUpSql,
  configure,
  type Context,
  currentBemiContext,
  currentContext,
  fastifyContext,
  honoContext,
  mergeBemiContext,
  mergeContext,
  setBemiContext,
  setContext,
  trpcContext,
  withComment,
  withContext,
  withoutContext,
} from '@bemi/node'
import { withBemi as knexWithBemi } from '@bemi/node/knex'
import { withBemi as mikroWithBemi } from '@bemi/node/mikro-orm'
import { instrumentClient, instrumentPool } from '@bemi/node/pg'
import { bemiBegin } from '@bemi/node/postgres'
import { bemiComments } from '@bemi/node/prisma'
import { withBemi as sequelizeWithBemi } from '@bemi/node/sequelize'
import { withBemi as typeormWithBemi } from '@bemi/node/typeorm'

const pool: pg.Pool = instrumentPool(new pg.Pool())
const client: pg.Client = instrumentClient(new pg.Client())
const result: Promise<pg.QueryResult> = withContext({ user: 7 }, () => pool.query('SELECT 1'))
const text: string = withContext(() => undefined, () => withComment('DELETE FROM todo'))
const context: Context | undefined = currentContext()
const number: number = withoutContext(() => 1)

const app = express()
app.use(setContext((request: Request) => ({ endpoint: request.originalUrl, user: request.get('x-user') })))
fastify().register(fastifyContext((request: FastifyRequest) => ({ endpoint: request.url })))
new Hono().use(honoContext((c: HonoContext) => ({ endpoint: c.req.path })))
const t = initTRPC.context<{ user: number }>().create()
t.procedure.use(trpcContext(({ ctx, path }) => ({ user: ctx.user, path })))
new ApolloServer({ typeDefs: '', plugins: [apolloContext(({ request }) => ({ operation: request.operationName }))] })

drizzle(pool)
new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
knex(knexWithBemi({ client: 'pg', pool: { min: 0, afterCreate: (_connection: unknown, done: () => void) => done() } }))
const sequelize: Sequelize = sequelizeWithBemi(new Sequelize('postgres://'))
const dataSource: DataSource = typeormWithBemi(await new DataSource({ type: 'postgres' }).initialize())
const rows: Promise<number> = bemiBegin(postgres(), async (sql) => (await sql<{ id: number }[]>`SELECT 1 AS id`)[0]!.id)
const ids: Promise<number> = bemiBegin(postgres(), 'READ ONLY', async (sql) => (await sql`SELECT 1`).length)
mikroWithBemi({ dbName: 'todo', onQuery: (sql: string) => sql })

configure({ affix: 'Bemi', maxBytes: 1024, redact: ['password'], onDrop: (keys) => keys.length, traceparent: () => undefined })
configure({ statements: 'all', redact: (key, value) => (key === 'password' ? undefined : value) })
mergeContext({ step: 1 })
bemiContext({})
setBemiContext({})
mergeBemiContext({})
const sql: string = bemiUpSql() + bemiUpSql({ schema: 'app', untracked: ['log'] }) + bemiDownSql({ schema: 'app' })
const comments: Record<string, string> = bemiComments()

// @ts-expect-error a context is an object
withContext('text', () => 1)
// @ts-expect-error nor is a promise one
withContext(async () => ({}), () => 1)
// @ts-expect-error neither of these
configure({ statements: 'some' })

export { client, comments, context, currentBemiContext, dataSource, ids, number, result, rows, sequelize, sql, text }
