// The command line of bemi-ui.
import { parseArgs } from 'node:util'
import { start } from './start.js'

const usage = `usage: bemi-ui [URL] [--port 4983]
       bemi-ui [URL] [--port 4983] --host ADDRESS --behind-proxy https://NAME

URL is that of the database; without one it is DATABASE_URL, or what PGHOST, PGDATABASE, … say. What you see is what the
role in it may read.`

/** What the command line says. */
function optionsOf(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '4983' },
      host: { type: 'string', default: '127.0.0.1' },
      'behind-proxy': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (positionals.length > 1) throw new Error(usage)
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65535) throw new Error(`--port ${values.port} is no port`)
  return { url: positionals[0], port, host: values.host, proxy: values['behind-proxy'], wantsHelp: values.help }
}

/** Serves until it is interrupted; `args` are those of the command line. */
export async function run(args) {
  try {
    await serve(args)
  } catch (error) {
    console.error(error.message.startsWith('usage') ? error.message : `bemi-ui: ${error.message}`)
    process.exitCode = 2
  }
}

async function serve(args) {
  const { wantsHelp, ...options } = optionsOf(args)
  if (wantsHelp) return console.log(usage)
  const { address, close } = await start(options)
  console.log(`The audit trail is at\n\n    ${address}\n\nWhoever has this address sees it. Ctrl+C ends bemi-ui.`)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close)
}
