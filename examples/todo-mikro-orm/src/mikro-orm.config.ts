import { Migrator } from '@mikro-orm/migrations'
import { defineConfig } from '@mikro-orm/postgresql'
import { withBemi } from '@bemi/node/mikro-orm'
import { Todo } from './todo.ts'

const { PGHOST = 'localhost', PGPORT = '5432', PGUSER = 'postgres', PGPASSWORD = '', PGDATABASE = 'postgres' } = process.env

export default defineConfig(
  withBemi({
    host: PGHOST,
    port: Number(PGPORT),
    user: PGUSER,
    password: PGPASSWORD,
    dbName: PGDATABASE,
    entities: [Todo],
    extensions: [Migrator],
    migrations: { path: `${import.meta.dirname}/migrations`, snapshot: false },
  }),
)
