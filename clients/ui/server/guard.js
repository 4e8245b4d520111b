// Who may come in: a browser on the address that was printed, with the token that was printed there.
import { createHash, timingSafeEqual } from 'node:crypto'
import { Refusal } from './refusal.js'

/** Sent with every answer: no other page frames, embeds or scripts ours, and ours runs nothing but its own files. */
export const safeHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

export function makeGuard({ token, origin }) {
  const { host, hostname, port, protocol } = new URL(origin)
  const hosts = new Set([host])
  if (['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) hosts.add(`localhost:${port}`).add(`127.0.0.1:${port}`)
  const cookieName = `bemi_ui_${port || 'tls'}`
  const attributes = `Path=/; HttpOnly; SameSite=Strict${protocol === 'https:' ? '; Secure' : ''}`
  const writeToken = digest(`write ${token}`).toString('base64url')
  const isToken = (value) => equal(value, token)

  return {
    /** What a page sends with each POST, in the header x-bemi-token. */
    writeToken,

    /** Throws unless the request is for this server by its own name: DNS can make any name lead here. */
    checkHost(request) {
      if (!hosts.has(request.headers.host)) throw new Refusal(421, 'host', 'This server is not called that.', `Open ${origin}.`)
    },

    /** The cookie, for a request whose URL has the token. */
    cookieFor: (url) => (isToken(url.searchParams.get('token')) ? `${cookieName}=${token}; ${attributes}` : undefined),

    checkSession(request) {
      if (isToken(cookies(request).get(cookieName))) return
      throw new Refusal(401, 'session', 'You are not signed in.', 'Open the address that bemi-ui printed when it was started: it has a new token each time.')
    },

    /** Only our own pages may change something. */
    checkWrite(request) {
      const { origin: from, 'x-bemi-token': given } = request.headers
      if (from === undefined || !URL.canParse(from) || !hosts.has(new URL(from).host) || new URL(from).protocol !== protocol) {
        throw new Refusal(403, 'origin', 'Another page has sent this.')
      }
      if (!equal(given, writeToken)) throw new Refusal(403, 'token', 'This page is out of date.', 'Reload it.')
    },
  }
}

const digest = (text) => createHash('sha256').update(text).digest()

/** In the same time whatever differs. */
const equal = (value, expected) => typeof value === 'string' && timingSafeEqual(digest(value), digest(expected))

function cookies(request) {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='))
  return new Map(pairs.map(([name, ...value]) => [name, value.join('=')]))
}
