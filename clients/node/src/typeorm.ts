import { instrumentPool, type PoolLike } from './pg.js'

interface DataSourceLike {
  driver: unknown
}

/** Lets every write of this DataSource carry the context. Call it after initialize(), which makes the pools. */
export function withBemi<D extends DataSourceLike>(dataSource: D): D {
  const { master, slaves = [] } = dataSource.driver as { master?: PoolLike; slaves?: PoolLike[] }
  if (!master) throw new Error('withBemi() needs the pools of the DataSource: call it after initialize()')
  for (const pool of [master, ...slaves]) instrumentPool(pool)
  return dataSource
}
