// The tables that are tracked.
import { html } from '../lib/preact.js'
import { pathTo, withQuery } from '../lib/router.js'
import { ago, count, exact } from '../lib/time.js'
import { useAnswer } from '../lib/use.js'
import { tableName } from '../parts/names.js'
import { Answer, Empty } from '../parts/states.js'

export function Tables({ me }) {
  const answer = useAnswer('/api/tables')
  return html`<header class="title"><div><h1>Tables</h1></div></header>
    <${Answer} answer=${answer}>${(data) => (data.tables.length === 0 ? html`<${None} />` : html`<${List} ...${data} me=${me} />`)}<//>`
}

const None = () => html`<${Empty} title="No table is tracked"><p>Somebody who owns a table runs:</p><pre><code>SELECT bemi.track('todo');</code></pre><//>`

function List({ tables, counted, since, me }) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Tables"><table class="list">
      <thead><tr><th scope="col">table</th><th scope="col">tracked</th><th scope="col" class="number">rows, about</th><th scope="col" class="number">changes lately</th><th scope="col">last change</th><td></td></tr></thead>
      <tbody>${tables.map((table) => html`<tr key=${`${table.schema}.${table.table}`} data-item tabindex="-1">
        <th scope="row"><a data-open href=${`/${withQuery('', { schema: table.schema, table: table.table, last: 'all' })}`}>${tableName(table)}</a></th>
        <td>${table.level === null ? html`<span class="muted">no longer</span>` : `by ${table.level}`}${problemsOf(table).map((problem) => html`<p class="problem">${problem}</p>`)}</td>
        <td class="number">${table.rows === null || table.rows < 0 ? '' : count(table.rows)}</td>
        <td class="number">${count(table.number)}</td>
        <td>${table.last && html`<time datetime=${table.last} title=${exact(table.last)}>${ago(table.last)}</time>`}</td>
        <td class="actions">${me.can.has_as_of && table.level !== null && html`<a class="button" href=${pathTo('as-of', table.schema, table.table)}>As of …</a>`}</td>
      </tr>`)}</tbody>
    </table></div>
    ${counted > 0 && html`<p class="muted">Lately: among the newest ${count(counted)} changes, since ${exact(since).slice(0, 19)}.</p>`}`
}

function problemsOf({ problems }) {
  const list = JSON.parse(problems ?? 'null')
  return Array.isArray(list) ? list : []
}
