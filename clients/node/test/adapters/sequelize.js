import { DataTypes, Sequelize } from 'sequelize'
import { withBemi } from '@bemi/node/sequelize'

export async function open({ connection, schema, max }) {
  const sequelize = withBemi(
    new Sequelize({ ...connection, dialect: 'postgres', username: connection.user, logging: false, pool: { max } }),
  )
  const Todo = sequelize.define(
    'todo',
    { id: { type: DataTypes.INTEGER, primaryKey: true }, task: DataTypes.TEXT },
    { schema, freezeTableName: true, timestamps: false },
  )
  const writer = (options) => ({
    insert: (id, task) => Todo.create({ id, task }, options),
    update: (id, task) => Todo.update({ task }, { where: { id }, ...options }),
    remove: (id) => Todo.destroy({ where: { id }, ...options }),
  })
  return {
    ...writer(),
    query: async (text) => (await sequelize.query(text))[0],
    transaction: (fn) => sequelize.transaction((transaction) => fn(writer({ transaction }))),
    close: () => sequelize.close(),
  }
}
