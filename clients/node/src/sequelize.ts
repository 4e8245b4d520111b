import { instrumentClient } from './pg.js'
import { serverCheck } from './server.js'

interface SequelizeLike {
  addHook(type: any, name: any, hook: any): unknown
}

/** Lets every write of this Sequelize carry the context. Call it before the first query. */
export function withBemi<S extends SequelizeLike>(sequelize: S): S {
  const check = serverCheck()
  sequelize.addHook('afterConnect', 'bemi', (connection: any) => {
    instrumentClient(connection, check)
  })
  return sequelize
}
