import { withoutContext } from './context.js'
import type { ClientLike } from './pg.js'
import { warnOnce } from './warn.js'

const question = "SELECT FROM pg_catalog.pg_extension WHERE extname = 'bemi'"

/**
 * A server without bemi takes a context for what it is to it, a comment. Whoever forgot to install the extension would
 * not notice, so one look at the catalog says so. Whatever goes wrong with that look is nobody's concern.
 */
export function checkServer(pool: ClientLike): void {
  setImmediate(() =>
    withoutContext(async () => {
      const { rowCount } = await pool.query(question)
      if (rowCount === 0) {
        warnOnce('BEMI_NOT_INSTALLED', 'the database does not have the extension bemi, so contexts are not kept there')
      }
    }).catch(() => {}),
  )
}
