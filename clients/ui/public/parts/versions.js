// Versions of a record, one below the other, the newest first.
import { html } from '../lib/preact.js'
import { exact } from '../lib/time.js'
import { Context, Operation } from './names.js'
import { Difference, Value } from './value.js'

const few = 12

export function Versions({ changes, at, show }) {
  return html`<ol class="versions">${changes.map((change, index) => html`
    <li key=${change.id} class="version-line" data-item tabindex="-1" aria-current=${index === at ? 'true' : undefined}>
      <button class="when" data-open aria-pressed=${index === at} onClick=${() => show(index)}><${Operation} name=${change.operation} /><time datetime=${change.at}>${exact(change.at).slice(0, 19)}</time></button>
      <${Context} context=${change.context} atMost=${4} filter=${(name, value) => `/?${new URLSearchParams({ ctx: `${name}:${value}`, last: 'all' })}`} />
      <${Changed} change=${change} />
    </li>`)}</ol>`
}

function Changed({ change: { operation, columns } }) {
  if (columns === null) return html`<p class="muted">A large row.</p>`
  if (operation !== 'UPDATE') return null
  if (columns.total === 0) return html`<p class="muted">The values are as they were.</p>`
  return html`<table class="columns-table"><tbody>${columns.shown.slice(0, few).map(([name, old, now]) => html`<tr><th scope="row">${name}</th><td>${old === null || now === null ? html`<${Value} side=${old ?? now} kind=${old === null ? 'new' : 'old'} />` : html`<${Difference} old=${old} now=${now} />`}</td></tr>`)}</tbody></table>
    ${columns.total > few && html`<p class="muted">and ${columns.total - few} more columns</p>`}`
}
