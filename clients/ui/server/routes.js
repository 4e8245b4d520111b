// The addresses of the API, and what answers there.
import { asOf } from './api/as-of.js'
import { change, value } from './api/change.js'
import { changes } from './api/changes.js'
import { exportAs } from './api/export.js'
import { me } from './api/me.js'
import { record } from './api/record.js'
import { revert } from './api/revert.js'
import { doctor, status } from './api/status.js'
import { facets, histogram } from './api/summary.js'
import { tables } from './api/tables.js'
import { watch } from './api/tail.js'
import { transaction } from './api/transaction.js'
import { Refusal } from './refusal.js'

const json = (handler) => async (call) => send(call.response, await handler(call))

const routes = [
  ['GET', '/api/me', json(me)],
  ['GET', '/api/changes', json(changes)],
  ['GET', '/api/facets', json(facets)],
  ['GET', '/api/histogram', json(histogram)],
  ['GET', '/api/change/:id', json(change)],
  ['GET', '/api/change/:id/value', value],
  ['GET', '/api/tx/:id', json(transaction)],
  ['GET', '/api/record/:schema/:table/:key', json(record)],
  ['GET', '/api/as-of/:schema/:table', json(asOf)],
  ['GET', '/api/tables', json(tables)],
  ['GET', '/api/status', json(status)],
  ['GET', '/api/doctor', json(doctor)],
  ['GET', '/api/tail', watch],
  ['GET', '/api/export.csv', exportAs('csv')],
  ['GET', '/api/export.ndjson', exportAs('ndjson')],
  ['POST', '/api/revert', json(revert)],
].map(([method, path, run]) => ({ method, names: path.split('/'), run }))

/** The route of a path, with what stands at its `:names`; undefined for a path outside of the API. */
export function findRoute(method, path) {
  if (!path.startsWith('/api/')) return undefined
  const segments = path.split('/')
  const here = routes.filter(({ names }) => names.length === segments.length && names.every((name, index) => name.startsWith(':') || name === segments[index]))
  const route = here.find((each) => each.method === method)
  if (route === undefined && here.length > 0) throw new Refusal(405, 'method', `Only ${here.map((each) => each.method).join(' and ')}.`)
  if (route === undefined) throw new Refusal(404, 'path', 'The API has no such address.')
  return { run: route.run, parameters: parametersOf(route.names, segments) }
}

function parametersOf(names, segments) {
  const pairs = names.map((name, index) => [name, segments[index]]).filter(([name]) => name.startsWith(':'))
  return Object.fromEntries(pairs.map(([name, segment]) => [name.slice(1), decode(segment)]))
}

/** A segment that would be none, or lead upwards, has a tilde in front: see pathTo() of the pages. */
function decode(segment) {
  try {
    return decodeURIComponent(segment).replace(/^~/, '')
  } catch {
    throw new Refusal(400, 'path', 'That is no path: % does not begin two digits of UTF-8.')
  }
}

function send(response, body) {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(body)
}
