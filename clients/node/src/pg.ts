import { hasComment, withComment } from './comment.js'
import { bound, scopes } from './context.js'
import { serverCheck } from './server.js'

type Method = (...args: any[]) => any

/** As much of pg's Client as is needed, so that neither pg nor its types are. */
export interface ClientLike {
  query: Method
}

export interface PoolLike extends ClientLike {
  connect: Method
  on(event: any, listener: Method): unknown
  once(event: any, listener: Method): unknown
}

const instrumented = Symbol.for('bemi.instrumented.v1')

/** Marks an object; false if it was marked, be it by another copy of this package. */
function isNew(object: object): boolean {
  if (instrumented in object) return false
  Object.defineProperty(object, instrumented, { value: true })
  return true
}

/**
 * Lets every write of the pool carry the context of the code that asked for it. For pg itself, Drizzle, Kysely, Prisma,
 * and whatever else takes a pool of pg.
 */
export function instrumentPool<P extends PoolLike>(pool: P): P {
  if (!isNew(pool)) return pool
  bindConnect(pool)
  const check = serverCheck()
  pool.on('acquire', (client: ClientLike) => {
    instrument(client, once(() => pool.once('release', () => setImmediate(check, pool))))
  })
  return pool
}

/**
 * A callback that waits for a connection is called by whoever releases one, in that request's context: hence the bind.
 * A new connection's events, in turn, would come in the context of the request that opened it: it has none.
 */
function bindConnect(pool: PoolLike): void {
  const connect = pool.connect
  pool.connect = function (...args) {
    const callers = args.map(boundCallback) // before we leave the caller's scope
    return scopes.run(undefined, () => connect.apply(this, callers))
  }
}

function boundCallback(argument: unknown): unknown {
  return typeof argument === 'function' ? bound(argument as Method) : argument
}

/** Lets every write of this client carry the context of the code that calls query(). Clients of one pool share a check. */
export function instrumentClient<C extends ClientLike>(client: C, check = serverCheck()): C {
  instrument(client, once(() => check(client)))
  return client
}

/** Calls whenCarried before each query with a context, whoever put that there. */
function instrument(client: ClientLike, whenCarried: () => void): void {
  if (!isNew(client)) return
  const query = client.query
  client.query = function (this: unknown, first: unknown, ...rest: unknown[]) {
    const carrying = withContextIn(first)
    if (hasComment(textOf(carrying))) whenCarried()
    return query.call(this, carrying, ...rest.map(boundCallback))
  }
}

function once(fn: () => void): () => void {
  let called = false
  return () => {
    if (!called) fn()
    called = true
  }
}

function textOf(query: unknown): unknown {
  return typeof query === 'string' ? query : (query as Query | null | undefined)?.text
}

interface Query {
  text?: unknown
  name?: unknown
  submit?: unknown
  cursor?: Query
}

/** The forms of pg's first argument: text, an object that describes a query, and one that is a query. */
function withContextIn(query: unknown): unknown {
  if (typeof query === 'string') return withComment(query)
  if (query === null || typeof query !== 'object') return query
  const { text, submit, cursor } = query as Query
  if (typeof submit !== 'function') return describe(query as Query)
  if (typeof text === 'string') changeText(query as Query)
  else if (typeof cursor?.text === 'string') changeText(cursor) // pg-query-stream
  return query
}

/** A copy, because the description is the caller's. A prepared statement keeps one text, so this one goes unnamed. */
function describe(query: Query): Query {
  if (typeof query.text !== 'string') return query
  const text = withComment(query.text)
  if (text === query.text) return query
  return Object.create(Object.getPrototypeOf(query), {
    ...Object.getOwnPropertyDescriptors(query),
    text: { value: text, enumerable: true, writable: true, configurable: true },
    name: { value: undefined, enumerable: true, writable: true, configurable: true },
  })
}

/** A query object (Cursor, QueryStream, COPY) is sent once and then of no more use: it can be changed. */
function changeText(query: Query): void {
  const text = withComment(query.text as string)
  if (text === query.text) return
  query.text = text
  if (query.name) query.name = undefined
}
