// One change, and a whole value of it.
import { readChanges } from '../access.js'
import { badRequest, Refusal } from '../refusal.js'
import { whole } from '../sql/change.js'
import { isUuid } from '../sql/filter.js'

const noChange = () => new Refusal(404, 'change', 'There is no such change, or you may not read it.', 'Retention may have dropped it.')

/** GET /api/change/:id */
export async function change({ id, database }) {
  checkId(id)
  return readChanges(database, async (ask, source) => {
    const [row] = await ask(`SELECT ${whole} AS json FROM ${source} c WHERE c.id = $1::uuid`, [id])
    if (row === undefined) throw noChange()
    return row.json
  })
}

/** GET /api/change/:id/value?side=before&column=NAME: a file, whatever is in it. */
export async function value({ id, query, database, response }) {
  checkId(id)
  const side = query.get('side')
  if (side !== 'before' && side !== 'after') throw badRequest('side is before or after.')
  const column = query.get('column') ?? ''
  if (column.includes('\0')) throw badRequest('A zero byte is in no text of the database.')
  const [row] = await readChanges(database, (ask, source) => ask(`SELECT c.${side} ->> $2 AS text FROM ${source} c WHERE c.id = $1::uuid`, [id, column]))
  if (row === undefined || row.text === null) throw noChange()
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${side}-${id}.txt"`,
    'cache-control': 'no-store',
  })
  response.end(row.text)
}

function checkId(id) {
  if (!isUuid(id)) throw badRequest('That is no id of a change.')
}
