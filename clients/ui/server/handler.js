// One request: who asks, for what, and how it is answered.
import { findAsset, isPage } from './assets.js'
import { safeHeaders } from './guard.js'
import { bodyOf, Refusal, refusalOf } from './refusal.js'
import { findRoute } from './routes.js'

const entrance = (path) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="/icon.svg"><meta http-equiv="refresh" content="0;url=${path}"><title>bemi</title>`

export function makeHandler({ guard, database, tail }) {
  return async (request, response) => {
    response.on('error', () => {}) // the browser has gone
    for (const [name, value] of Object.entries(safeHeaders)) response.setHeader(name, value)
    try {
      guard.checkHost(request)
      await answer(request, response, urlOf(request))
    } catch (error) {
      refuse(response, refusalOf(error), request)
    }
  }

  async function answer(request, response, url) {
    const route = findRoute(request.method, url.pathname)
    if (route !== undefined) {
      guard.checkSession(request)
      if (request.method === 'POST') guard.checkWrite(request)
      return route.run({ ...route.parameters, query: url.searchParams, request, response, database, tail, guard })
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new Refusal(405, 'method', 'Only GET.')
    const cookie = guard.cookieFor(url)
    if (cookie !== undefined) return enter(response, cookie)
    const asset = findAsset(url.pathname)
    const isForPeople = request.headers.accept?.includes('text/html')
    if (asset === undefined && !isPage(url.pathname) && !isForPeople) throw new Refusal(404, 'path', 'There is no such page.')
    const { type, bytes } = asset ?? findAsset('/index.html')
    response.writeHead(asset || isPage(url.pathname) ? 200 : 404, { 'content-type': type, 'cache-control': 'no-cache' })
    response.end(bytes)
  }

  /** Not by a redirect: in one that began at another site, browsers would not send the cookie. */
  function enter(response, cookie) {
    response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': cookie, 'cache-control': 'no-store' })
    response.end(entrance('/'))
  }
}

function urlOf(request) {
  if (!request.url.startsWith('/') || !URL.canParse(`http://ui${request.url}`)) throw new Refusal(400, 'path', 'That is no path.')
  return new URL(`http://ui${request.url}`)
}

/** In the middle of an answer nothing can be said any more, but that it is not whole. */
function refuse(response, refusal, request) {
  if (response.headersSent) return response.destroy()
  if (refusal.status === 500) console.error(`bemi-ui: ${refusal.code}: ${refusal.message} ${refusal.hint ?? ''}`)
  request.resume()
  response.writeHead(refusal.status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(bodyOf(refusal))
}
