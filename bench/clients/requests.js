// Requests that write one row each, one after the other. Prints for each contender the CPU time in ns of its backend and of its
// process.
//
//   requests.js NAMED COUNT CONTENDER...      NAMED is "named" for a named prepared statement
//
// A contender has a process of its own, because AsyncLocalStorage slows the process in which anybody uses it. They take turns
// in short blocks, so that what else the machine does is the same for all.
import { fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { withContext } from '../../clients/node/dist/index.js'
import { instrumentPool } from '../../clients/node/dist/pg.js'

const pg = createRequire(new URL('../../clients/node/test/', import.meta.url))('pg')
const block = 200

if (process.send) await compete(process.argv[2], process.argv[3] === 'named')
else await referee(...process.argv.slice(2))

async function referee(named, count, ...contenders) {
  const runners = contenders.map((contender) => start(contender, named))
  const sums = contenders.map(() => ({ server: 0, client: 0 }))
  for (const { play } of runners) await play(count / 5) // both sides warm up
  for (let played = 0; played < count; played += block) {
    for (const [index, { play }] of runners.entries()) {
      const { server, client } = await play(block)
      sums[index].server += server
      sums[index].client += client
    }
  }
  for (const { stop } of runners) stop()
  for (const [index, { server, client }] of sums.entries()) console.log(contenders[index], server, client)
}

function start(contender, named) {
  const child = fork(import.meta.filename, [contender, named])
  const play = (requests) =>
    new Promise((resolve, reject) => {
      child.once('message', resolve).once('exit', reject)
      child.send(requests)
    }).finally(() => child.removeAllListeners('exit'))
  return { play, stop: () => child.disconnect() }
}

async function compete(contender, isNamed) {
  const pool = new pg.Pool({ max: 1 })
  if (contender.startsWith('package')) instrumentPool(pool)
  const request = requestOf(contender, pool, isNamed)
  const serverCpu = async () => BigInt((await pool.query('SELECT bench.cpu_ns() AS ns')).rows[0].ns)
  let done = 0
  process.on('message', async (requests) => {
    const before = await serverCpu()
    const usage = process.cpuUsage()
    for (let i = 0; i < requests; i++) await request(done++)
    const { user, system } = process.cpuUsage(usage)
    process.send({ server: Number((await serverCpu()) - before), client: (user + system) * 1000 })
  })
  process.on('disconnect', () => pool.end())
}

function requestOf(contender, pool, isNamed) {
  const insert = { text: 'INSERT INTO todo (task, owner) VALUES ($1, $2)', ...(isNamed && { name: 'insert' }) }
  const write = (client, i) => client.query({ ...insert, values: ['Sleep', i] })
  const context = (i) => ({ user_id: i, endpoint: '/todo/complete', method: 'PUT', request_id: `0193f8a2-77c1-7e3b-${i}` })
  const inTransaction = async (i) => {
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query("SELECT set_config('bemi.context', $1, true)", [JSON.stringify(context(i))])
    await write(client, i)
    await client.query('COMMIT')
    client.release()
  }
  return {
    pg: (i) => write(pool, i),
    package: (i) => write(pool, i),
    package_with_context: (i) => withContext(context(i), () => write(pool, i)),
    set_config: inTransaction,
  }[contender]
}
