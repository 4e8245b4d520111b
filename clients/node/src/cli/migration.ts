import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { downStatements, identifier, literal, script, upStatements } from '../migration.js'

export interface Wanted {
  path: string
  orm: string
  schema: string
  emit: string
}

interface Migration {
  /** Digits of the time in UTC, in the order of migrations. */
  time: string
  milliseconds: number
  up: string[]
  down: string[]
  isTyped: boolean
}

type Files = Record<string, string>

interface Tool {
  /** The files of a migration, by their names. */
  write(migration: Migration, path: string): Files | Promise<Files>
  /** Tables in the same schema in which the tool keeps book of migrations: nobody's data. bemi.doctor() knows them. */
  bookkeeping: string[]
}

const tools: Record<string, Tool> = {
  'mikro-orm': { write: mikroOrm, bookkeeping: ['mikro_orm_migrations'] },
  typeorm: { write: typeorm, bookkeeping: [] }, // `migrations` could be anybody's
  knex: { write: knex, bookkeeping: ['knex_migrations', 'knex_migrations_lock'] },
  prisma: { write: prisma, bookkeeping: ['_prisma_migrations'] },
  drizzle: { write: drizzle, bookkeeping: [] },
  sql: { write: sql, bookkeeping: [] },
}

export async function createMigration({ path, orm, schema, emit }: Wanted): Promise<void> {
  const tool = Object.hasOwn(tools, orm) && tools[orm]
  if (!tool) throw new Error(`--orm ${orm} is not one of ${Object.keys(tools).join(', ')}`)
  if (emit !== 'ts' && emit !== 'js') throw new Error(`--emit ${emit} is neither ts nor js`)
  const now = new Date()
  const files = await tool.write(
    {
      time: now.toISOString().replace(/\D/g, '').slice(0, 14),
      milliseconds: now.getTime(),
      up: upStatements({ schema, untracked: tool.bookkeeping }),
      down: downStatements({ schema }),
      isTyped: emit === 'ts',
    },
    path,
  )
  for (const [name, text] of Object.entries(files)) await write(join(path, name), text)
  console.log(`
The migration locks every table of the schema until it ends. On a server in use, run this instead, in no transaction:

    CREATE EXTENSION IF NOT EXISTS bemi;
    CALL bemi.track_each(${literal(identifier(schema))});
    SELECT bemi.start();`)
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
  console.log(`wrote ${file}`)
}

const quoted = (sql: string) => `\`${sql.replace(/[\\`$]/g, '\\$&')}\``

/** A method for each direction; in it, a call for each statement. */
function methods({ up, down, isTyped }: Migration, argument: string, call: (sql: string) => string): string {
  const method = (name: string, statements: string[]) => `  async ${name}(${argument})${isTyped ? ': Promise<void>' : ''} {
${statements.map((sql) => `    ${call(sql)}`).join('\n')}
  }
`
  return `${method('up', up)}\n${method('down', down)}`
}

/** In the transaction in which MikroORM runs migrations: outside of one, it would wait for itself. */
function mikroOrm(migration: Migration): Files {
  const { time, isTyped } = migration
  const name = `Migration${time}_bemi`
  return {
    [`${name}.${isTyped ? 'ts' : 'js'}`]: `import { Migration } from '@mikro-orm/migrations'

export class ${name} extends Migration {
${methods(migration, '', (sql) => `this.addSql(${quoted(sql)})`)}}
`,
  }
}

function typeorm(migration: Migration): Files {
  const { milliseconds, isTyped } = migration
  const name = `Bemi${milliseconds}`
  const argument = isTyped ? 'queryRunner: QueryRunner' : 'queryRunner'
  return {
    [`${milliseconds}-Bemi.${isTyped ? 'ts' : 'js'}`]: `${isTyped ? "import type { MigrationInterface, QueryRunner } from 'typeorm'\n\n" : ''}export class ${name}${isTyped ? ' implements MigrationInterface' : ''} {
${methods(migration, argument, (sql) => `await queryRunner.query(${quoted(sql)})`)}}
`,
  }
}

function knex({ time, up, down, isTyped }: Migration): Files {
  const fn = (name: string, statements: string[]) => `
export async function ${name}(knex${isTyped ? ': Knex' : ''}) {
${statements.map((sql) => `  await knex.raw(${quoted(sql)})`).join('\n')}
}
`
  const head = isTyped ? "import type { Knex } from 'knex'\n" : ''
  return { [`${time}_bemi.${isTyped ? 'ts' : 'js'}`]: `${head}${fn('up', up)}${fn('down', down)}`.trimStart() }
}

function prisma({ time, up }: Migration): Files {
  return { [join(`${time}_bemi`, 'migration.sql')]: script(up) }
}

function sql({ time, up, down }: Migration): Files {
  return { [`${time}_bemi.up.sql`]: script(up), [`${time}_bemi.down.sql`]: script(down) }
}

/** Drizzle keeps a journal of its migrations, so it makes the file, and we fill it. */
async function drizzle({ up }: Migration, path: string): Promise<Files> {
  const names = (await readdir(path).catch(() => [])).filter((name) => /^\d+_bemi\.sql$/.test(name))
  const name = names.sort().at(-1)
  if (name === undefined) throw new Error(`there is no file to fill in ${path}: first, drizzle-kit generate --custom --name=bemi`)
  if ((await readFile(join(path, name), 'utf8')).includes('bemi.')) throw new Error(`${join(path, name)} is filled already`)
  return { [name]: up.join(';\n--> statement-breakpoint\n') + ';\n' }
}
