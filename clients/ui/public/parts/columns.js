// The columns of a row, with what differs between two versions of it.
import { stringify } from '../lib/json.js'
import { html, useState } from '../lib/preact.js'
import { count } from '../lib/time.js'
import { Difference, Value } from './value.js'

const few = 40

const same = (old, now) => stringify(old) === stringify(now)

/** `list` has [name, old, now]; `order` the names as the table has them; fileOf(name, side) where a long value is whole. */
export function Columns({ list, order = [], fileOf, isShownWhole = false }) {
  const [isAll, setIsAll] = useState(isShownWhole)
  const [text, setText] = useState('')
  const place = (name) => (order.indexOf(name) + order.length + 1) % (order.length + 1)
  const sorted = order.length === 0 ? list : [...list].sort(([a], [b]) => place(a) - place(b))
  const shown = sorted.filter(([name, old, now]) => (isAll || !same(old, now)) && name.toLowerCase().includes(text.toLowerCase()))
  const unchanged = list.filter(([, old, now]) => same(old, now)).length
  return html`
    ${list.length > few && html`<p class="tools"><input aria-label="Only columns whose name has" placeholder=${`Find one of ${count(list.length)} columns`} value=${text} onInput=${(event) => setText(event.target.value)} /></p>`}
    <table class="columns-table"><tbody>${shown.map(([name, old, now]) => html`<tr key=${name} class=${same(old, now) ? 'same' : ''}>
      <th scope="row">${name}</th>
      <td class=${isLong(old) || isLong(now) ? 'long' : ''} tabindex=${isLong(old) || isLong(now) ? 0 : undefined}><${Cell} old=${old} now=${now} />${[[old, 'before'], [now, 'after']].map(([side, at]) => side && 'cut' in side && fileOf && html`<a class="file" href=${fileOf(name, at)} download>all ${count(side.length)} characters ${at}</a>`)}</td>
    </tr>`)}</tbody></table>
    ${shown.length === 0 && html`<p class="muted">${isAll || text !== '' ? 'No such column.' : 'No value differs.'}</p>`}
    ${unchanged > 0 && !isShownWhole && html`<button class="quiet unfold-columns" aria-expanded=${isAll} onClick=${() => setIsAll(!isAll)}>${isAll ? 'Only what differs' : `${count(unchanged)} more ${unchanged === 1 ? 'column that is' : 'columns that are'} as before`}</button>`}`
}

/** It scrolls by itself. */
const isLong = (side) => side != null && ('cut' in side || (typeof side.v === 'string' && side.v.length > 2000))

function Cell({ old, now }) {
  if (same(old, now)) return html`<${Value} side=${now} />`
  if (old === null) return html`<${Value} side=${now} kind="new" />`
  if (now === null) return html`<${Value} side=${old} kind="old" />`
  return html`<${Difference} old=${old} now=${now} isWhole />`
}
