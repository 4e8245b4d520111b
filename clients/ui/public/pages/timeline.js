// What has happened, the newest first, a transaction each.
import { get } from '../lib/api.js'
import { html, useEffect, useState } from '../lib/preact.js'
import { withQuery } from '../lib/router.js'
import { useAnswer } from '../lib/use.js'
import { Filters } from '../parts/filters.js'
import { Answer, Empty } from '../parts/states.js'
import { Transactions } from '../parts/transactions.js'

export function Timeline({ address }) {
  const query = filterOf(address)
  const answer = useAnswer(`/api/changes${withQuery(query, {})}`)
  return html`
    <h1 class="hidden">Timeline</h1>
    <${Filters} query=${query} />
    <${Answer} answer=${answer}>${(page) => html`<${Pages} key=${answer.address} first=${page} query=${query} />`}<//>`
}

/** The last day, unless the address says something else. */
function filterOf(address) {
  const query = new URLSearchParams(address.search)
  if (!query.has('from') && !query.has('to') && !query.has('last') && !query.has('tx')) query.set('last', 'day')
  return query
}

/** The first page, and those that were asked for below it. */
function Pages({ first, query }) {
  const [older, setOlder] = useState({ changes: [], next: first.next, isLoading: false })
  const changes = [...first.changes, ...older.changes]
  const load = async () => {
    setOlder({ ...older, isLoading: true, error: undefined })
    try {
      const page = await get(`/api/changes${withQuery(query, { before: older.next })}`)
      setOlder({ changes: [...older.changes, ...page.changes], next: page.next, isLoading: false })
    } catch (error) {
      setOlder({ ...older, isLoading: false, error })
    }
  }
  if (changes.length === 0) return html`<${Nothing} query=${query} />`
  return html`
    <${Transactions} changes=${changes} query=${query} />
    <p class="end">${older.error && html`<span role="alert">${older.error.message} </span>`}
      ${older.next === null ? html`<span class="muted">There is nothing older.</span>` : html`<button onClick=${load} disabled=${older.isLoading}>${older.isLoading ? 'Loading …' : 'Load older'}</button>`}
    </p>`
}

function Nothing({ query }) {
  return html`<${Empty} title="No changes">
    <p>Nothing has been stored that is looked for here.</p>
    ${query.get('last') !== 'all' && html`<p><a class="button" href=${`/${withQuery(query, { last: 'all', from: null, to: null, q: null })}`}>Look at any time</a></p>`}
  <//>`
}
