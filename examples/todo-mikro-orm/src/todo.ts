import { EntitySchema } from '@mikro-orm/core'

export interface Todo {
  id: number
  task: string
  isCompleted: boolean
}

export const Todo = new EntitySchema<Todo>({
  name: 'Todo',
  tableName: 'todo',
  properties: {
    id: { type: 'number', primary: true },
    task: { type: 'string' },
    isCompleted: { type: 'boolean', fieldName: 'isCompleted', default: false },
  },
})
