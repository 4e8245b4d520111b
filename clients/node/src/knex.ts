import { instrumentClient } from './pg.js'
import { serverCheck } from './server.js'

type AfterCreate = (connection: any, done: (error: Error | null | undefined, connection: any) => void) => void

interface KnexConfig {
  pool?: { afterCreate?: AfterCreate | undefined } | undefined
}

/** Knex's configuration with the context on every write: `knex(withBemi({ client: 'pg', … }))`. */
export function withBemi<C extends object>(config: C): C {
  const { pool } = config as KnexConfig
  return { ...config, pool: { ...pool, afterCreate: afterCreate(pool?.afterCreate) } }
}

/** Instruments each new connection, then calls the configuration's own function, if there is one. */
export function afterCreate(own?: AfterCreate): AfterCreate {
  const check = serverCheck()
  return (connection, done) => {
    instrumentClient(connection, check)
    if (own) own(connection, done)
    else done(null, connection)
  }
}
