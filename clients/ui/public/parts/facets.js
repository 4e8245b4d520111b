// What is frequent in what is looked for; a click looks for it alone.
import { stringify } from '../lib/json.js'
import { html, useState } from '../lib/preact.js'
import { withQuery } from '../lib/router.js'
import { count } from '../lib/time.js'
import { useAnswer } from '../lib/use.js'
import { linkFor } from './filters.js'
import { tableName } from './names.js'

export function Facets({ query }) {
  const { data } = useAnswer(`/api/facets${withQuery(query, {})}`)
  const [isOpen, setIsOpen] = useState(() => matchMedia('(min-width: 1100px)').matches)
  if (data === undefined || data.sampled === 0) return html`<aside class="facets"></aside>`
  return html`<aside class="facets" aria-label="Most frequent"><details open=${isOpen} onToggle=${(event) => setIsOpen(event.target.open)}>
    <summary>Most frequent</summary>
    <${Facet} name="table" rows=${data.tables.map(([schema, table, number]) => [tableName({ schema, table }), number, `/${withQuery(query, { schema, table })}`])} />
    <${Facet} name="operation" rows=${data.operations.map(([op, number]) => [op, number, `/${withQuery(query, { op })}`])} />
    ${data.keys.map(([key, values]) => html`<${Facet} name=${key} rows=${values.map(([value, number]) => [textOf(value), number, linkFor(query, key, textOf(value))])} />`)}
    <p class="muted">in the newest ${count(data.sampled)}</p>
  </details></aside>`
}

const textOf = (value) => (typeof value === 'string' ? value : stringify(value))

function Facet({ name, rows }) {
  const most = Math.max(...rows.map(([, number]) => number))
  return html`<section><h3>${name}</h3><ul>${rows.map(([text, number, href]) => html`<li><a href=${href} title=${text}>
    <span class="text">${text === '' ? '“”' : text}</span><span class="number">${count(number)}</span>
    <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width=${(number / most) * 100} height="1" /></svg></a></li>`)}</ul></section>`
}
