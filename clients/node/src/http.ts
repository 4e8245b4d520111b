import { bound, type Context, scopes, withContext } from './context.js'

type Callback<T> = (from: T) => Context | undefined

/**
 * A middleware for Express, Connect and NestJS. The callback is asked at each write, so the middleware may stand before
 * the body parser and before authentication.
 */
export function setContext<Request = any>(callback: Callback<Request>) {
  return (request: Request, _response: unknown, next: () => void): void => {
    withContext(() => callback(request), () => {
      bindEvents(request)
      next()
    })
  }
}

/** For Fastify: `fastify.register(fastifyContext((request) => …))`. */
export function fastifyContext<Request extends { raw: unknown } = any>(callback: Callback<Request>) {
  const plugin = (fastify: any, _options: unknown, done: () => void): void => {
    fastify.addHook('onRequest', (request: Request, _reply: unknown, next: () => void) => {
      withContext(() => callback(request), () => {
        bindEvents(request.raw)
        next()
      })
    })
    done()
  }
  // Fastify's way to say that the hook is for the whole application, not for a part of it.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

/** A middleware for Koa and for Hono. */
export function koaContext<C extends { req: unknown } = any>(callback: Callback<C>) {
  return (context: C, next: () => Promise<any>): Promise<any> =>
    withContext(() => callback(context), () => {
      bindEvents(context.req)
      return next()
    })
}

export { koaContext as honoContext }

/** A middleware for procedures of tRPC: `t.procedure.use(trpcContext(({ ctx }) => …))`. */
export function trpcContext<O extends { next: () => any } = any>(callback: Callback<O>) {
  return (options: O): ReturnType<O['next']> => withContext(() => callback(options), () => options.next())
}

/** A plugin for Apollo Server. It runs beside the request, not around it, so it can only enter a scope. */
export function apolloContext<C = any>(callback: Callback<C>) {
  return {
    async requestDidStart(context: C): Promise<void> {
      scopes.enterWith({ outer: scopes.getStore(), source: () => callback(context) })
    },
  }
}

type Emit = (...args: any[]) => unknown

const unbound = new WeakMap<object, Emit>()

/**
 * A request's body arrives on a connection that other requests have used before: what a parser starts in its events
 * would have no context. So its events come in the scope that we are in.
 */
function bindEvents(request: unknown): void {
  const stream = request as { emit?: unknown } | null | undefined
  if (typeof stream?.emit !== 'function') return
  const emit = unbound.get(stream) ?? (stream.emit as Emit)
  unbound.set(stream, emit)
  stream.emit = bound(emit)
}
