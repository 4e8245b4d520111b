import { acceptance } from './acceptance.js'

for (const name of ['pg', 'drizzle', 'kysely', 'knex', 'sequelize', 'typeorm', 'postgres']) {
  const { open } = await import(`./adapters/${name}.js`)
  acceptance(name, open)
}
