// GET /api/tail?FILTER&since=NEWEST: new changes as they are stored, as server-sent events; the id of an event is where it resumes.
import { filterOf } from '../sql/filter.js'
import { isStored } from '../sql/stored.js'
import { badRequest } from '../refusal.js'
import { Watcher } from '../tail.js'

export async function watch({ query, request, response, tail }) {
  const conditions = filterOf(query, ['since'])
  const since = request.headers['last-event-id'] || query.get('since') || undefined
  if (since !== undefined && !isStored(since)) throw badRequest('since is not from this server.')
  const filter = new URLSearchParams(query)
  filter.delete('since')
  tail.add(new Watcher(response, filter.toString(), conditions, since))
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write('retry: 2000\n\n')
  const pulse = setInterval(() => response.write(':\n\n'), 20_000)
  response.on('close', () => clearInterval(pulse))
}
