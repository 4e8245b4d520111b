import { withComment } from './comment.js'
import { afterCreate } from './knex.js'
import { instrumentPool, type PoolLike } from './pg.js'

export * from './index.js'

type AfterCreate = NonNullable<Parameters<typeof afterCreate>[0]>

interface DriverOptions {
  pool?: { afterCreate?: AfterCreate }
  onPoolCreated?: (pool: any) => unknown
}

interface MikroOrmOptions {
  onQuery?: (sql: string, params: any) => string
  driverOptions?: unknown
  pool?: { afterCreate?: AfterCreate }
}

/**
 * MikroORM's options with the context on every write: `defineConfig(withBemi({ … }))`. onQuery sees whatever goes
 * through MikroORM; what goes past it, to Knex (6) or to the pool (7), is seen at the connection.
 */
export function withBemi<O extends object>(given: O): O {
  const { onQuery, driverOptions = {}, pool } = given as MikroOrmOptions
  return {
    ...given,
    onQuery: (sql: string, params: unknown) => withComment(onQuery?.(sql, params) ?? sql),
    driverOptions: isPlain(driverOptions) ? instrumented(driverOptions, pool?.afterCreate) : driverOptions,
  }
}

/** Version 6 passes these on to Knex, which calls pool.afterCreate; version 7 calls onPoolCreated with pg's pool. */
function instrumented(given: DriverOptions, ofPool: AfterCreate | undefined): DriverOptions {
  return {
    ...given,
    pool: { ...given.pool, afterCreate: afterCreate(given.pool?.afterCreate ?? ofPool) },
    onPoolCreated: (pool: PoolLike) => {
      instrumentPool(pool)
      return given.onPoolCreated?.(pool)
    },
  }
}

/** Neither a ready-made Knex nor a Kysely or a dialect of it. */
function isPlain(options: unknown): options is DriverOptions {
  return Object.getPrototypeOf(options) === Object.prototype && !('createDriver' in (options as object))
}
