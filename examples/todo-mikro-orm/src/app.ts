import { type MikroORM, RequestContext } from '@mikro-orm/postgresql'
import express, { type Request } from 'express'
import { setContext } from '@bemi/node'
import { Todo } from './todo.ts'

declare global {
  namespace Express {
    interface Request {
      user?: { id: number }
    }
  }
}

export function createApp(orm: MikroORM) {
  const app = express()
  const em = () => orm.em // that of the request

  // Before the body parser and before authentication: the function is called when something is written.
  app.use(
    setContext((req: Request) => ({
      userId: req.user?.id,
      endpoint: req.originalUrl,
      params: req.method === 'DELETE' ? { id: Number(req.params.id) } : req.body,
    })),
  )
  app.use(express.json())
  app.use((req, _res, next) => {
    req.user = { id: Number(req.get('x-user-id') ?? 187234) } // your authentication
    next()
  })
  app.use((_req, _res, next) => RequestContext.create(orm.em, next))

  app.get('/todo', async (_req, res) => {
    res.json(await em().find(Todo, {}, { orderBy: { id: 'asc' } }))
  })

  app.post('/todo', async (req, res) => {
    const todo = em().create(Todo, { task: String(req.body.task), isCompleted: Boolean(req.body.isCompleted) })
    em().persist(todo)
    await em().flush()
    res.status(201).json(todo)
  })

  app.put('/todo/complete', async (req, res) => {
    const todo = await em().findOneOrFail(Todo, Number(req.body.id))
    todo.isCompleted = true
    await em().flush()
    res.json(todo)
  })

  app.delete('/todo/:id', async (req, res) => {
    await em().nativeDelete(Todo, { id: Number(req.params.id) })
    res.status(204).end()
  })

  // Who did what to this todo?
  app.get('/todo/:id/history', async (req, res) => {
    res.json(
      await em().execute(
        `SELECT operation, changed, context, to_json(committed_at) AS committed_at FROM bemi.history('todo', ?) WHERE operation <> 'BEFORE'`,
        [req.params.id],
      ),
    )
  })

  app.use(express.static(`${import.meta.dirname}/page`))
  return app
}
