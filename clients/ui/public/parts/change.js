// One change in a list: what was done to which record, and what differs.
import { html } from '../lib/preact.js'
import { bytes } from '../lib/time.js'
import { Operation, Record } from './names.js'
import { Difference, Value } from './value.js'

export function Change({ change }) {
  return html`<li class="change">
    <${Operation} name=${change.operation} />
    <div class="what-changed"><${Record} change=${change} /> <${Columns} change=${change} /></div>
    <a class="permalink" href=${`/change/${change.id}`} title="This change alone" aria-label=${`This ${change.operation} alone`}>›</a>
  </li>`
}

function Columns({ change: { operation, columns, size } }) {
  if (columns === null) return html`<span class="muted">a row of ${bytes(size)}, too large for a list</span>`
  if (columns.total === 0) return operation === 'UPDATE' ? html`<span class="muted">the values are as they were</span>` : null
  const more = columns.total - columns.shown.length
  return html`<span class="columns">
    ${columns.shown.map(([name, old, now]) => html`<span class="column"><span class="name">${name}</span> ${side(operation, old, now)}</span>`)}
    ${more > 0 && html`<span class="muted">and ${more} more</span>`}
  </span>`
}

function side(operation, old, now) {
  if (operation === 'UPDATE') return html`<${Difference} old=${old} now=${now} />`
  return html`<${Value} side=${old ?? now} />`
}
