// What has happened, the newest first, a transaction each.
import { get } from '../lib/api.js'
import { useLive } from '../lib/live.js'
import { html, useState } from '../lib/preact.js'
import { withQuery } from '../lib/router.js'
import { useAnswer, useStored } from '../lib/use.js'
import { Export } from '../parts/export.js'
import { Facets } from '../parts/facets.js'
import { Filters, times } from '../parts/filters.js'
import { Histogram } from '../parts/histogram.js'
import { Answer, Empty } from '../parts/states.js'
import { Transactions } from '../parts/transactions.js'

export function Timeline({ address }) {
  const query = filterOf(address)
  const answer = useAnswer(`/api/changes${withQuery(query, {})}`)
  const [live, setLive] = useStored('live', 'off')
  const isLive = live === 'on' && !query.has('to')
  return html`
    <h1 class="hidden">Timeline</h1>
    <${Filters} query=${query}>
      <button class="live" aria-pressed=${isLive} disabled=${query.has('to')} onClick=${() => setLive(isLive ? 'off' : 'on')} title="Show changes as they come (l)" data-key="l">Live</button>
      <${Export} query=${query} />
    <//>
    <${Searched} query=${query} />
    <${Histogram} query=${query} />
    <div class="with-facets">
      <div class="list"><${Answer} answer=${answer}>${(page) => html`<${Pages} key=${answer.address} first=${page} query=${query} isLive=${isLive} />`}<//></div>
      <${Facets} query=${query} />
    </div>`
}

/** Text and columns are in no index, so all of the time is read. */
function Searched({ query }) {
  if (!query.has('q') && !query.has('column')) return null
  const time = query.has('from') || query.has('to') ? 'of the chosen time' : `of the ${times[query.get('last')] ?? 'time'}`
  return html`<p class="muted searched">Every change ${time} is searched${query.has('q') ? ', in its values, its context and its key' : ''}.</p>`
}

/** The last day, unless the address says something else. */
function filterOf(address) {
  const query = new URLSearchParams(address.search)
  if (!query.has('from') && !query.has('to') && !query.has('last') && !query.has('tx')) query.set('last', 'day')
  return query
}

/** What has come since, the first page, and those that were asked for below it. */
function Pages({ first, query, isLive }) {
  const live = useLive(isLive, query, first.newest)
  const [older, setOlder] = useState({ changes: [], next: first.next, isLoading: false })
  const known = new Set(first.changes.map(({ id }) => id))
  const fresh = live.changes.filter(({ id }) => !known.has(id))
  const changes = [...fresh, ...first.changes, ...older.changes]
  const load = async () => {
    setOlder({ ...older, isLoading: true, error: undefined })
    try {
      const page = await get(`/api/changes${withQuery(query, { before: older.next })}`)
      setOlder({ changes: [...older.changes, ...page.changes], next: page.next, isLoading: false })
    } catch (error) {
      setOlder({ ...older, isLoading: false, error })
    }
  }
  if (changes.length === 0) return html`<${Nothing} query=${query} isLive=${isLive} />`
  return html`
    ${live.isCut && html`<p class="note" role="status">Changes come faster than they can be read: the newest are shown. Load the page again for all of them.</p>`}
    <${Transactions} changes=${changes} query=${query} fresh=${fresh.length} />
    <p class="end">${older.error && html`<span role="alert">${older.error.message} </span>`}
      ${older.next === null ? html`<span class="muted">There is nothing older.</span>` : html`<button onClick=${load} disabled=${older.isLoading}>${older.isLoading ? 'Loading …' : 'Load older'}</button>`}
    </p>`
}

function Nothing({ query, isLive }) {
  return html`<${Empty} title="No changes">
    <p>${isLive ? 'Nothing yet. New changes appear here as they are stored.' : 'Nothing that is looked for here has been stored.'}</p>
    ${query.get('last') !== 'all' && html`<p class="actions"><a class="button" href=${`/${withQuery(query, { last: 'all', from: null, to: null, q: null, column: null })}`}>Look at any time</a></p>`}
  <//>`
}
