import { withoutContext } from './context.js'
import { warnOnce } from './warn.js'

const question = "SELECT FROM pg_catalog.pg_extension WHERE extname = 'bemi'"

export interface Queryable {
  query(text: string): Promise<{ rowCount: number | null }>
}

export type ServerCheck = (server: Queryable) => Promise<void>

/**
 * A server without bemi takes a context for what it is to it, a comment. Whoever forgot to install the extension would
 * not notice, so one look at the catalog says so: the first call of the function that this returns. Whatever goes wrong
 * with that look is nobody's concern.
 */
export function serverCheck(): ServerCheck {
  let isDone = false
  return async (server) => {
    if (isDone) return
    isDone = true
    await withoutContext(() => look(server)).catch(() => {})
  }
}

async function look(server: Queryable): Promise<void> {
  const { rowCount } = await server.query(question)
  if (rowCount === 0) {
    warnOnce('BEMI_NOT_INSTALLED', 'the database does not have the extension bemi, so contexts are not kept there')
  }
}
