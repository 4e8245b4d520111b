// The shop of `make ui`, as small as a test wants it, in a database of its own.
import { readFileSync } from 'node:fs'
import { after } from 'node:test'
import pg from 'pg'
import { database, sql } from './support.js'

const textOf = (file) => readFileSync(new URL(`shop/${file}`, import.meta.url), 'utf8')

/** A database with the extension; resolves to its name, and to a client in it. */
export async function openDatabase(title) {
  const name = `ui_${title}_${process.versions.node.split('.')[0]}`
  await sql(`CREATE DATABASE ${name}`)
  const client = new pg.Client({ ...database, database: name })
  await client.connect()
  after(async () => {
    await client.end()
    const admin = new pg.Client(database)
    await admin.connect()
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.end()
  })
  await client.query('CREATE EXTENSION bemi')
  return { name, client }
}

/** Plays so many transactions, after the import. */
export async function openShop(title, steps) {
  const { name, client } = await openDatabase(title)
  for (const file of ['tables.sql', 'life.sql']) await client.query(textOf(file))
  await client.query('RESET search_path')
  for (const file of ['1560_import.sql', '0130_mistake.sql', '0004_todo.sql']) await client.query(textOf(`events/${file}`))
  await client.query('SET search_path = shop_life, shop')
  await client.query(`CALL play(1, ${steps})`)
  await client.query("SELECT bemi.sync('3 min')")
  return { name, client }
}
