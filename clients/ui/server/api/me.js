// Who looks, at what, and what there is to be seen.
import { accessOf } from '../access.js'

/** GET /api/me: asked every few seconds, it is also how a page learns that the server has gone or come back. */
export async function me({ database, guard }) {
  return database.read(async (query) => {
    const access = await accessOf(query)
    const state = access.can.reads_status ? (await query('SELECT state, lag::text FROM bemi.status'))[0] : {}
    return JSON.stringify({ ...access, ...state, token: guard.writeToken })
  })
}
