/** Tables in which tools keep book of migrations: nobody's data. TypeORM's is only called `migrations`, see the CLI. */
const bookkeeping = ['mikro_orm_migrations', 'knex_migrations', 'knex_migrations_lock', '_prisma_migrations', 'SequelizeMeta']

export interface MigrationOptions {
  schema?: string
  /** Further tables of the schema that are not to be tracked. */
  untracked?: string[]
}

/** What a migration runs: from then on the changes of the schema's tables are kept, also of tables to come. */
export function bemiUpSql({ schema = 'public', untracked = [] }: MigrationOptions = {}): string {
  const names = [...bookkeeping, ...untracked].map((name) => literal(`${identifier(schema)}.${identifier(name)}`))
  return `CREATE EXTENSION IF NOT EXISTS bemi;
SELECT bemi.track_schema(${literal(identifier(schema))});
SELECT bemi.untrack(relation) FROM unnest(ARRAY[${names.join(', ')}]) AS name, to_regclass(name) AS relation WHERE relation IS NOT NULL;
SELECT bemi.start();`
}

/** Ends the tracking. What is in bemi.changes stays, and so does the extension: others may use it. */
export function bemiDownSql({ schema = 'public' }: MigrationOptions = {}): string {
  return `SELECT bemi.untrack_schema(${literal(identifier(schema))});`
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
