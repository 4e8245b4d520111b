// Requests that write one row each, one after the other. Prints the CPU time in ns of the backend and of this process.
//
//   requests.js CONTENDER NAMED COUNT      NAMED is "named" for a named prepared statement
import { createRequire } from 'node:module'
import { withContext } from '../../clients/node/dist/index.js'
import { instrumentPool } from '../../clients/node/dist/pg.js'

const pg = createRequire(new URL('../../clients/node/test/', import.meta.url))('pg')
const [contender, named, count] = process.argv.slice(2)

const pool = new pg.Pool({ max: 1 })
const insert = { text: 'INSERT INTO todo (task, owner) VALUES ($1, $2)', ...(named === 'named' && { name: 'insert' }) }
const write = (client, i) => client.query({ ...insert, values: ['Sleep', i] })
const context = (i) => ({ user_id: i, endpoint: '/todo/complete', method: 'PUT', request_id: `0193f8a2-77c1-7e3b-${i}` })

async function inTransaction(i) {
  const client = await pool.connect()
  await client.query('BEGIN')
  await client.query("SELECT set_config('bemi.context', $1, true)", [JSON.stringify(context(i))])
  await write(client, i)
  await client.query('COMMIT')
  client.release()
}

const request = {
  pg: (i) => write(pool, i),
  package: (i) => write(pool, i),
  package_with_context: (i) => withContext(context(i), () => write(pool, i)),
  set_config: inTransaction,
}[contender]

if (contender.startsWith('package')) instrumentPool(pool)

async function serverCpu() {
  return BigInt((await pool.query('SELECT bench.cpu_ns() AS ns')).rows[0].ns)
}

async function run(requests) {
  for (let i = 0; i < requests; i++) await request(i)
}

await run(count / 10) // both sides warm up
const server = await serverCpu()
const client = process.cpuUsage()
await run(Number(count))
const { user, system } = process.cpuUsage(client)
console.log(String((await serverCpu()) - server), (user + system) * 1000)
await pool.end()
