// Values of columns, as {"v": …} or {"cut": …, "length": …}, and what differs between two.
import { diff } from '../lib/diff.js'
import { ExactNumber, stringify } from '../lib/json.js'
import { html } from '../lib/preact.js'
import { count } from '../lib/time.js'

/** A value in one line; text has quotes, so that "7" is not 7. */
export function Value({ side, kind }) {
  if (side === null || side === undefined) return html`<span class="value absent">none</span>`
  if ('cut' in side) return html`<span class=${`value text ${kind ?? ''}`}>“${side.cut}…”<span class="more">${count(side.length)} characters</span></span>`
  return html`<span class=${`value ${typeOf(side.v)} ${kind ?? ''}`}>${textOf(side.v)}</span>`
}

export function typeOf(value) {
  if (value === null) return 'null'
  if (value instanceof ExactNumber) return 'number'
  return typeof value === 'object' ? 'json' : typeof value
}

export const textOf = (value) => (typeof value === 'string' ? `“${value}”` : stringify(value))

/** Old → new. Of two texts of several words only the words that differ stand out. */
export function Difference({ old, now, isWhole }) {
  if (!isText(old) || !isText(now)) {
    return html`<span class="difference"><${Value} side=${old} kind="old" /><span class="arrow" aria-label="became">→</span><${Value} side=${now} kind="new" /></span>`
  }
  const parts = diff(plain(old, isWhole), plain(now, isWhole))
  if (!parts.some(({ kind }) => kind === 'same')) {
    return html`<span class="difference"><${Value} side=${old} kind="old" /><span class="arrow" aria-label="became">→</span><${Value} side=${now} kind="new" /></span>`
  }
  return html`<span class="difference words">${isQuoted(old) && '“'}${parts.map((part, index) => html`<${Part} ...${part} isWhole=${isWhole} place=${placeOf(index, parts)} />`)}${isQuoted(now) && '”'}</span>`
}

const isText = (side) => side != null && ('cut' in side || typeof side.v === 'string' || (side.v !== null && typeof side.v === 'object' && !(side.v instanceof ExactNumber)))
const isQuoted = (side) => 'cut' in side || typeof side.v === 'string'
const plain = (side, isWhole) => ('cut' in side ? `${side.cut}…` : typeof side.v === 'string' ? side.v : stringify(side.v, isWhole ? '  ' : ''))
const placeOf = (index, parts) => (index === 0 ? 'first' : index === parts.length - 1 ? 'last' : 'middle')

function Part({ kind, text, isWhole, place }) {
  if (kind === 'old') return html`<del>${text}</del>`
  if (kind === 'new') return html`<ins>${text}</ins>`
  return html`<span>${isWhole ? text : shortened(text, place)}</span>`
}

/** Of what is the same, a line needs only what is next to a difference. */
function shortened(text, place) {
  const near = 28
  if (text.length <= 2 * near + 8) return text
  if (place === 'first') return `…${text.slice(-near)}`
  if (place === 'last') return `${text.slice(0, near)}…`
  return `${text.slice(0, near)} … ${text.slice(-near)}`
}
