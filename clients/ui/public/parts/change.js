// One change in a list: what was done to which record, and what differs.
import { html } from '../lib/preact.js'
import { bytes } from '../lib/time.js'
import { Operation, Record } from './names.js'
import { Difference, Value } from './value.js'

/** With isItem the keyboard goes from one to the next. */
export function Change({ change, isItem }) {
  return html`<li class="change" data-item=${isItem} tabindex=${isItem ? -1 : undefined}>
    <${Operation} name=${change.operation} />
    <div class=${`what-changed ${change.operation === 'UPDATE' ? '' : 'one-line'}`}><${Record} change=${change} /> <${Columns} change=${change} /></div>
    <a class="permalink" data-open href=${`/change/${change.id}`} title="This change alone" aria-label=${`This ${change.operation} alone`}>›</a>
  </li>`
}

function Columns({ change: { operation, key, columns, size } }) {
  if (columns === null) return html`<span class="muted">a row of ${bytes(size)}, too large for a list</span>`
  if (columns.total === 0) return operation === 'UPDATE' ? html`<span class="muted">the values are as they were</span>` : null
  const shown = columns.shown.filter(([, old, now]) => operation === 'UPDATE' || !isKey(old ?? now, key))
  const more = columns.total - columns.shown.length
  return html`<span class="columns">
    ${shown.map(([name, old, now]) => html`<span class="column"><span class="name">${name}</span> ${side(operation, old, now)}</span>`)}
    ${more > 0 && html`<span class="column muted">and ${more} more</span>`}
  </span>`
}

/** Its name has been said already. */
const isKey = (value, key) => 'v' in value && String(value.v) === key

function side(operation, old, now) {
  if (operation === 'UPDATE') return html`<${Difference} old=${old} now=${now} />`
  return html`<${Value} side=${old ?? now} />`
}
