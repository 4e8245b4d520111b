// A table as it was, beside what it is now.
import { get } from '../lib/api.js'
import { html, useState } from '../lib/preact.js'
import { go, pathTo, withQuery } from '../lib/router.js'
import { exact } from '../lib/time.js'
import { useAnswer } from '../lib/use.js'
import { Moment } from '../parts/moment.js'
import { tableName } from '../parts/names.js'
import { Answer, Empty } from '../parts/states.js'
import { Difference, Value } from '../parts/value.js'

const moments = ['at', 'mark', 'transaction', 'change', 'lsn']

export function AsOf({ address, segments: [schema, table] }) {
  if (table === undefined) return html`<${Choose} />`
  return html`<${OneTable} address=${address} schema=${schema} table=${table} />`
}

function Choose() {
  const answer = useAnswer('/api/tables')
  return html`<header class="title"><div><h1>As of</h1><p class="muted">Which table do you want to see as it was?</p></div></header>
    <${Answer} answer=${answer}>${({ tables }) => html`<ul class="choices">${tables.filter(({ level }) => level !== null).map((each) => html`<li><a class="button" data-item data-open href=${pathTo('as-of', each.schema, each.table)}>${tableName(each)}</a></li>`)}</ul>
      ${tables.every(({ level }) => level === null) && html`<${Empty} title="No table is tracked" />`}`}<//>`
}

function OneTable({ address, schema, table }) {
  const query = address.searchParams
  const path = `/api${pathTo('as-of', schema, table)}`
  const shape = useAnswer(path)
  const hasMoment = moments.some((name) => query.has(name))
  const set = (patch) => go(`${address.pathname}${withQuery(query, patch)}`)
  return html`
    <header class="title"><div><h1>${tableName({ schema, table })} <span class="muted">as of ${momentText(query)}</span></h1></div>
      <div class="actions"><a class="button" href=${`/${withQuery('', { schema, table, last: 'all' })}`}>Its changes</a></div></header>
    <${Answer} answer=${shape} lines=${1}>${({ marks, key }) => html`<${Moment} query=${query} marks=${marks} set=${set} hasKey=${key.length > 0} />
      ${hasMoment ? html`<${Rows} key=${query.toString()} path=${path} query=${query} names=${{ schema, table }} />` : html`<${Empty} title="Choose a moment"><p>Any time since the table is tracked, or a mark.</p><//>`}`}<//>`
}

function momentText(query) {
  const name = moments.find((name) => query.has(name))
  if (name === undefined) return '…'
  return name === 'at' ? exact(query.get('at')).slice(0, 19) : `${name} ${query.get(name)}`
}

function Rows({ path, query, names }) {
  const answer = useAnswer(`${path}${withQuery(query, {})}`)
  return html`<${Answer} answer=${answer}>${(page) => html`<${Pages} page=${page} path=${path} query=${query} names=${names} />`}<//>`
}

function Pages({ page, path, query, names }) {
  const [rest, setRest] = useState({ rows: [], next: page.next })
  const rows = [...page.rows, ...rest.rows]
  const load = async () => {
    const more = await get(`${path}${withQuery(query, { after: JSON.stringify(rest.next) })}`)
    setRest({ rows: [...rest.rows, ...more.rows], next: more.next })
  }
  if (rows.length === 0) return html`<${Empty} title="No rows"><p>${query.has('changed') ? 'Every row is now as it was then.' : 'There was no such row then.'}</p><//>`
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Rows"><table class="list rows">
      <thead><tr><td></td>${page.columns.map((column, index) => html`<th scope="col" class=${isNumber(rows[0][2][index]) ? 'number' : ''}>${column}</th>`)}</tr></thead>
      <tbody>${rows.map(([key, status, cells]) => html`<${Row} id=${key} status=${status} cells=${cells} names=${names} />`)}</tbody>
    </table></div>
    <p class="end">${rest.next !== null ? html`<button onClick=${load}>More rows</button>` : page.isCut && html`<span class="muted">The table has no primary key: these are the first hundred rows.</span>`}</p>`
}

const marks = { same: ['', 'as now'], changed: ['~', 'another now'], gone: ['−', 'gone now'], new: ['+', 'new since then'] }

function Row({ id, status, cells, names }) {
  const [mark, title] = marks[status]
  return html`<tr class=${`row-${status}`} data-item tabindex="-1">
    <th scope="row" title=${title}>${id === null ? mark : html`<a data-open href=${pathTo('record', names.schema, names.table, id)} aria-label=${`History of ${id}, ${title}`}>${mark || '·'}</a>`}</th>
    ${cells.map((cell) => html`<td class=${isNumber(cell) ? 'number' : ''}>${Array.isArray(cell) ? html`<${Difference} old=${cell[0]} now=${cell[1]} />` : html`<${Value} side=${cell} />`}</td>`)}
  </tr>`
}

const isNumber = (cell) => [cell].flat().some((side) => side && 'v' in side && (typeof side.v === 'number' || (side.v !== null && typeof side.v === 'object' && 'text' in side.v)))
