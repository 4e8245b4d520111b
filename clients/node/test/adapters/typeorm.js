import { DataSource, EntitySchema } from 'typeorm'
import { withBemi } from '@bemi/node/typeorm'

export async function open({ connection, schema, max }) {
  const Todo = new EntitySchema({
    name: 'todo',
    schema,
    columns: { id: { type: 'int', primary: true }, task: { type: 'text' } },
  })
  const dataSource = new DataSource({
    ...connection,
    type: 'postgres',
    username: connection.user,
    entities: [Todo],
    poolSize: max,
    installExtensions: false,
  })
  withBemi(await dataSource.initialize())
  const writer = (manager) => ({
    insert: (id, task) => manager.insert(Todo, { id, task }),
    update: (id, task) => manager.update(Todo, { id }, { task }),
    remove: (id) => manager.delete(Todo, { id }),
  })
  return {
    ...writer(dataSource.manager),
    query: (text) => dataSource.query(text),
    transaction: (fn) => dataSource.transaction((manager) => fn(writer(manager))),
    close: () => dataSource.destroy(),
  }
}
