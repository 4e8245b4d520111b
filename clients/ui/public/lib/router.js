// The address is the state: what is seen can be sent to somebody, and found again.
import { useEffect, useState } from './preact.js'

const changed = 'bemi:address'

/** Goes to an address of ours; `replace` leaves no entry in the browser's history. */
export function go(address, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', address)
  dispatchEvent(new Event(changed))
  if (!replace) scrollTo(0, 0)
}

/** The present address, and whenever it changes. */
export function useAddress() {
  const [address, setAddress] = useState(location.href)
  useEffect(() => {
    const update = () => setAddress(location.href)
    for (const event of [changed, 'popstate']) addEventListener(event, update)
    return () => {
      for (const event of [changed, 'popstate']) removeEventListener(event, update)
    }
  }, [])
  return new URL(address)
}

/** Links to our pages load nothing. */
export function followLinks() {
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href]')
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (!link || !isPlain || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
    if (link.pathname === location.pathname && link.search === location.search && link.hash) return
    event.preventDefault()
    go(link.href)
  })
}

/** `/record/public/todo/26`. A segment that browsers would drop, or take for a way upwards, gets a tilde in front. */
export const pathTo = (...segments) => segments.map((segment) => `/${encodeURIComponent(segment.replace(/^(?=~|\.{0,2}$)/, '~'))}`).join('')

/** The segments of a path, as they were given to pathTo(). */
export const segmentsOf = (path) => path.split('/').slice(1).map((segment) => decodeURIComponent(segment).replace(/^~/, ''))

/** The query of an address with some names set anew: to one value, to several, or to none. */
export function withQuery(query, patch) {
  const next = new URLSearchParams(query)
  for (const [name, value] of Object.entries(patch)) {
    next.delete(name)
    for (const each of [value ?? []].flat()) next.append(name, each)
  }
  const text = next.toString().replaceAll('%3A', ':').replaceAll('%2F', '/')
  return text === '' ? '' : `?${text}`
}
