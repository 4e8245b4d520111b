// What is looked for, as a file.
import { html, useRef } from '../lib/preact.js'
import { withQuery } from '../lib/router.js'

export function Export({ query }) {
  const details = useRef()
  const close = () => details.current.removeAttribute('open')
  return html`<details class="menu" ref=${details} onFocusOut=${(event) => details.current.contains(event.relatedTarget) || close()}>
    <summary>Export</summary>
    <div class="sheet">
      ${['csv', 'ndjson'].map((name) => html`<a href=${`/api/export.${name}${withQuery(query, {})}`} download=${`changes.${name}`} onClick=${close}>${name.toUpperCase()}</a>`)}
      <button class="quiet" onClick=${() => (close(), print())}>Print</button>
    </div>
  </details>`
}
