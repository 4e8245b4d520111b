// Which moment of the past, of which rows.
import { html } from '../lib/preact.js'

const hour = 3_600_000
const quick = [['an hour ago', hour], ['a day ago', 24 * hour], ['a week ago', 7 * 24 * hour]]
const none = { at: null, mark: null, transaction: null, change: null, lsn: null, after: null }

/** What a datetime-local input takes: the time here, without a zone. */
function localText(text) {
  const time = new Date(text)
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 23)
}

export function Moment({ query, marks, set, hasKey }) {
  const at = query.get('at')
  const choose = (text) => text !== '' && set({ ...none, at: new Date(text).toISOString() })
  return html`<div class="moment">
    <label>at <input type="datetime-local" step="0.001" value=${at ? localText(at) : ''} onChange=${(event) => choose(event.target.value)} /></label>
    ${quick.map(([name, length]) => html`<button onClick=${() => set({ ...none, at: new Date(Date.now() - length).toISOString() })}>${name}</button>`)}
    ${marks.length > 0 && html`<label>mark <select value=${query.get('mark') ?? ''} onChange=${(event) => set({ ...none, mark: event.target.value })}>
      <option value="" disabled>choose …</option>${marks.map(({ name }) => html`<option value=${name}>${name}</option>`)}</select></label>`}
    ${hasKey && html`<label>key <input value=${query.get('key') ?? ''} size="10" onChange=${(event) => set({ key: event.target.value || null })} /></label>
    <label class="check"><input type="checkbox" checked=${query.has('changed')} onChange=${(event) => set({ changed: event.target.checked ? '1' : null })} /> only what is another now</label>`}
  </div>`
}
