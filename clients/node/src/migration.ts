export interface MigrationOptions {
  schema?: string
  /** Tables of the schema that are not to be tracked; unless you say so, the one in which MikroORM keeps book of migrations. */
  untracked?: string[]
}

/** What a migration runs: from then on the changes of the schema's tables are kept, also of tables to come. */
export function bemiUpSql(options?: MigrationOptions): string {
  return script(upStatements(options))
}

/** Ends the tracking. What is in bemi.changes stays, and so does the extension: others may use it. */
export function bemiDownSql(options?: MigrationOptions): string {
  return script(downStatements(options))
}

export function upStatements({ schema = 'public', untracked = ['mikro_orm_migrations'] }: MigrationOptions = {}): string[] {
  return [
    'CREATE EXTENSION IF NOT EXISTS bemi',
    `SELECT bemi.track_schema(${literal(identifier(schema))})`,
    ...untracked.map((table) => untrackStatement(literal(`${identifier(schema)}.${identifier(table)}`))),
    'SELECT bemi.start()',
  ]
}

export function downStatements({ schema = 'public' }: MigrationOptions = {}): string[] {
  return [`SELECT bemi.untrack_schema(${literal(identifier(schema))})`]
}

function untrackStatement(table: string): string {
  return `SELECT bemi.untrack(relation) FROM to_regclass(${table}) AS relation WHERE relation IS NOT NULL`
}

export function script(statements: string[]): string {
  return statements.map((statement) => `${statement};\n`).join('')
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
