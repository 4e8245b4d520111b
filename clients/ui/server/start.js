// Puts the parts together: a database, a guard at the door, the pages, and the API.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { openDatabase } from './database.js'
import { makeGuard } from './guard.js'
import { makeHandler } from './handler.js'
import { makeTail } from './tail.js'

const loopback = ['127.0.0.1', '::1', 'localhost']

/**
 * Starts the server. `proxy` is the address that browsers use where a proxy is in front of it.
 * Resolves to the address to open, with the token in it, and to what ends the server.
 */
export async function start({ url, port = 0, host = '127.0.0.1', proxy }) {
  if (proxy === undefined && !loopback.includes(host)) {
    throw new Error(`--host ${host} would show the audit trail to the network in plain text: put a proxy with TLS in front, and say --behind-proxy https://…`)
  }
  const proxyOrigin = proxy && originOf(proxy)
  const token = randomBytes(32).toString('base64url')
  const database = openDatabase(url ?? process.env.DATABASE_URL)
  const tail = makeTail(database)
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 10_000 })
  server.maxConnections = 500
  await listen(server, port, host)
  const origin = proxyOrigin ?? `http://${bracketed(host)}:${server.address().port}`
  server.on('request', makeHandler({ guard: makeGuard({ token, origin }), database, tail }))
  const close = async () => {
    tail.close()
    server.close()
    server.closeAllConnections()
    await database.close()
  }
  return { address: `${origin}/?token=${token}`, close }
}

const bracketed = (host) => (host.includes(':') ? `[${host}]` : host)

function originOf(address) {
  const { protocol, origin } = URL.canParse(address) ? new URL(address) : {}
  if (!/^https?:$/.test(protocol)) throw new Error(`--behind-proxy ${address} is not an address such as https://audit.example.com`)
  return origin
}

function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(error.code === 'EADDRINUSE' ? new Error(`port ${port} is taken: choose another with --port`) : error)
    })
    server.listen(port, host, resolve)
  })
}
