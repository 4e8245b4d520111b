// The history of one record: each version, and the row as it was then.
import { get } from '../lib/api.js'
import { html, useState } from '../lib/preact.js'
import { relationOf, revertLink } from '../lib/revert.js'
import { go, pathTo } from '../lib/router.js'
import { ago, count, exact } from '../lib/time.js'
import { useAnswer } from '../lib/use.js'
import { Columns } from '../parts/columns.js'
import { Panel } from '../parts/facts.js'
import { Operation, tableName } from '../parts/names.js'
import { Answer, Empty } from '../parts/states.js'
import { Versions } from '../parts/versions.js'
import { canRevert } from './change.js'

export function RecordPage({ address, segments: [schema, table, key = ''], me }) {
  const path = `/api${pathTo('record', schema, table, key)}`
  const answer = useAnswer(path)
  return html`
    <header class="title"><div><h1>${tableName({ schema, table })} <span class="key">${key}</span></h1></div>
      ${me.can.has_as_of && html`<div class="actions"><a class="button" href=${`${pathTo('as-of', schema, table)}?${new URLSearchParams({ key })}`}>In the table as of …</a></div>`}
    </header>
    <${Answer} answer=${answer}>${(page) => html`<${History} page=${page} path=${path} address=${address} names=${{ schema, table, key }} me=${me} />`}<//>`
}

function History({ page, path, address, names, me }) {
  const [rest, setRest] = useState({ changes: [], next: page.next })
  const changes = [...page.changes, ...rest.changes]
  const load = async () => {
    const more = await get(`${path}?before=${encodeURIComponent(rest.next)}`)
    setRest({ changes: [...rest.changes, ...more.changes], next: more.next })
  }
  if (changes.length === 0 && page.moved.length === 0) return html`<${Empty} title="No history"><p>No change of this record is stored, or you may not read any.</p><//>`
  const at = Math.max(0, changes.findIndex(({ id }) => id === address.searchParams.get('v')))
  const show = (index, patch = {}) => {
    const query = new URLSearchParams({ ...Object.fromEntries(address.searchParams), v: changes[index].id, ...patch })
    go(`${address.pathname}?${query}`, { replace: true })
    if (matchMedia('(max-width: 900px)').matches) document.querySelector('.beside').scrollIntoView()
  }
  return html`
    ${page.moved.map(([id, key, time]) => html`<p class="note">On ${exact(time).slice(0, 19)} this record got another key: <a href=${pathTo('record', names.schema, names.table, key)}><b>${key}</b></a>. <a class="muted" href=${`/change/${id}`}>The change</a></p>`)}
    ${changes.length > 0 && html`<div class="two history">
      <div><${Panel} title=${`${count(changes.length)}${rest.next ? '+' : ''} ${changes.length === 1 ? 'version' : 'versions'}`}>
        <${Versions} changes=${changes} at=${at} show=${show} />
        ${rest.next !== null && html`<p class="end"><button onClick=${load}>Load older</button></p>`}
      <//></div>
      <div class="beside"><${Version} changes=${changes} at=${at} show=${show} order=${page.columnNames} other=${address.searchParams.get('with')} names=${names} me=${me} /></div>
    </div>`}`
}

/** The row after the version at `at`, compared with the one before it or another. */
function Version({ changes, at, show, order, other, names, me }) {
  const change = changes[at]
  const answer = useAnswer(`/api/change/${change.id}`)
  const compared = useAnswer(other === null ? null : `/api/change/${encodeURIComponent(other)}`)
  return html`<${Panel} title="The row then" className="version" actions=${html`
      <button class="quiet icon" data-key="[" disabled=${at === 0} onClick=${() => show(at - 1)} aria-label="Newer version" title="Newer ( [ )">↑</button>
      <button class="quiet icon" data-key="]" disabled=${at === changes.length - 1} onClick=${() => show(at + 1)} aria-label="Older version" title="Older ( ] )">↓</button>`}>
    <p><${Operation} name=${change.operation} /> <time datetime=${change.at}>${exact(change.at)}</time> <span class="muted">${ago(change.at)}</span></p>
    <label class="compare">compared with <select value=${other ?? ''} onChange=${(event) => show(at, { with: event.target.value })}>
      <option value="">the version before</option>
      ${changes.map(({ id, at: time, operation }, index) => index !== at && html`<option value=${id}>${exact(time).slice(0, 19)} ${operation}</option>`)}
    </select></label>
    <${Answer} answer=${answer}>${(whole) => html`<${Answer} answer=${other ? compared : answer}>${(from) => html`
      <${Columns} key=${`${change.id} ${other}`} list=${listOf(whole, from)} order=${order} fileOf=${(column, side) => `/api/change/${change.id}/value?${new URLSearchParams({ side, column })}`} isShownWhole />`}<//>`}<//>
    <p class="actions">
      <a class="button" href=${`/change/${change.id}`}>This change</a>
      ${canRevert(me, change.operation) && at > 0 && html`<a class="button" href=${revertLink({ relation: relationOf(names), key: names.key, since: change.at })}>Back to this version …</a>`}
      ${canRevert(me, change.operation) && html`<a class="button" href=${revertLink({ change: change.id })}>Take this change back …</a>`}
    </p>
  <//>`
}

/** Of another version the row after it; of the same one the row before it. */
function listOf(whole, from) {
  if (whole.id === from.id) return whole.columns.shown
  const then = new Map(from.columns.shown.map(([name, , now]) => [name, now]))
  const now = new Map(whole.columns.shown.map(([name, , now]) => [name, now]))
  return [...new Set([...then.keys(), ...now.keys()])].map((name) => [name, then.get(name) ?? null, now.get(name) ?? null])
}
