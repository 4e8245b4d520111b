import type { AddressInfo } from 'node:net'
import { MikroORM } from '@mikro-orm/postgresql'
import { createApp } from './app.ts'
import config from './mikro-orm.config.ts'

/** Migrates the database and serves the app; port 0 takes any that is free. */
export async function start(port: number) {
  const orm = await MikroORM.init(config)
  await orm.migrator.up()
  const server = createApp(orm).listen(port, '127.0.0.1')
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
  const stop = async () => {
    server.close()
    server.closeAllConnections()
    await orm.close()
  }
  return { orm, stop, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

if (process.argv[1] === import.meta.filename) {
  const { url } = await start(Number(process.env.PORT ?? 3000))
  console.log(`Open ${url}; Ctrl-C ends it.`)
}
