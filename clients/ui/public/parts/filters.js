// What is looked for: chips, which are the query of the address.
import { html, useRef } from '../lib/preact.js'
import { go, withQuery } from '../lib/router.js'

const names = { schema: 'schema', table: 'table', op: 'op', operation: 'op', key: 'key', tx: 'tx', column: 'column' }
export const times = { hour: 'last hour', day: 'last 24 hours', week: 'last 7 days', month: 'last 30 days', year: 'last year', all: 'any time' }

/** The address of the list with one more pair of a context. */
export const linkFor = (query, name, value) => `/${withQuery(query, { ctx: [...new Set([...query.getAll('ctx'), `${name}:${value}`])] })}`

/** `table:todo`, `op:DELETE`, `user_id:7`; what has no colon is text to look for. */
function added(query, text) {
  const [, name, value] = text.match(/^([^\s:]+):(.+)$/s) ?? []
  if (name === undefined) return withQuery(query, { q: text })
  const filter = names[name]
  if (filter === undefined) return withQuery(query, { ctx: [...query.getAll('ctx'), `${name}:${value}`] })
  const wanted = filter === 'op' ? value.toUpperCase() : value
  return withQuery(query, { [filter]: filter === 'column' ? wanted : [...new Set([...query.getAll(filter), wanted])] })
}

const chipsOf = (query) =>
  [...query].filter(([name]) => ['schema', 'table', 'op', 'key', 'tx', 'column', 'ctx', 'q'].includes(name))

function without(query, name, value) {
  return withQuery(query, { [name]: query.getAll(name).filter((each) => each !== value) })
}

export function Filters({ query, children }) {
  const input = useRef()
  const submit = (event) => {
    event.preventDefault()
    const text = input.current.value.trim()
    if (text === '') return
    input.current.value = ''
    go(`/${added(query, text)}`)
  }
  const range = query.has('from') || query.has('to') ? '' : (query.get('last') ?? 'all')
  return html`<div class="filters" role="search">
    <form class="look" onSubmit=${submit}>
      ${chipsOf(query).map(([name, value]) => html`<${Chip} name=${name} value=${value} href=${`/${without(query, name, value)}`} />`)}
      <input ref=${input} id="look" aria-label="Add a filter" autocomplete="off" spellcheck="false" maxlength="400" placeholder="table:todo   user_id:7   or any text" />
    </form>
    <select aria-label="Time" value=${range} onChange=${(event) => go(`/${withQuery(query, { last: event.target.value, from: null, to: null })}`)}>
      ${range === '' && html`<option value="">chosen time</option>`}
      ${Object.entries(times).map(([value, name]) => html`<option value=${value}>${name}</option>`)}
    </select>
    ${children}
  </div>`
}

function Chip({ name, value, href }) {
  const text = name === 'ctx' ? value : name === 'q' ? `“${value}”` : `${name}:${value}`
  return html`<span class="chip">${text}<a href=${href} aria-label=${`Without ${text}`} title="Remove">×</a></span>`
}
