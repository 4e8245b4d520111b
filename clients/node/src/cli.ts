#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { doctor } from './cli/doctor.js'
import { createMigration } from './cli/migration.js'
import { tail } from './cli/tail.js'
import { ui } from './cli/ui.js'

const usage = `usage: bemi migration:create --path DIR [--orm mikro-orm|typeorm|knex|prisma|drizzle|sql] [--schema public] [--emit ts|js]
       bemi doctor [URL]
       bemi tail [URL] [--table [SCHEMA.]TABLE] [--ctx KEY=VALUE]...
       bemi ui [URL] [--port 4983]

URL is that of the database; without one it is DATABASE_URL, or what PGHOST, PGDATABASE, … say.`

/** The command line; resolves to the exit status. */
async function main(args: string[]): Promise<number> {
  if (args[0] === 'ui') return ui(args.slice(1)).then(() => 0)
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      path: { type: 'string' },
      orm: { type: 'string', default: 'mikro-orm' },
      schema: { type: 'string', default: 'public' },
      emit: { type: 'string', default: 'ts' },
      table: { type: 'string' },
      ctx: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const [command, url, ...rest] = positionals
  if (values.help) console.log(usage)
  else if (command === 'doctor' && rest.length === 0) return doctor(url)
  else if (command === 'tail' && rest.length === 0) await tail(url, values)
  else if (command === 'migration:create' && url === undefined && values.path !== undefined) {
    await createMigration({ ...values, path: values.path })
  } else throw new UsageError(usage)
  return 0
}

class UsageError extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof UsageError ? error.message : `bemi: ${(error as Error).message}`)
  process.exitCode = 2
}
