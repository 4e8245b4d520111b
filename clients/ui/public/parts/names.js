// How tables, records, transactions and contexts are named, and where these names lead.
import { pairsOf } from '../lib/context.js'
import { stringify } from '../lib/json.js'
import { html } from '../lib/preact.js'
import { pathTo } from '../lib/router.js'

export const tableName = ({ schema, table }) => (schema === 'public' ? table : `${schema}.${table}`)

/** A record, as a link to its history. */
export function Record({ change }) {
  const { schema, table, key } = change
  if (key === null) return html`<span class="record"><b>${tableName(change)}</b></span>`
  return html`<a class="record" href=${pathTo('record', schema, table, key)} title=${`History of ${tableName(change)} ${key}`}><b>${tableName(change)}</b> <span class="key">${key}</span></a>`
}

export function Operation({ name }) {
  return html`<span class=${`operation ${name.toLowerCase()}`}>${name}</span>`
}

/** The pairs of a context, each a link to the changes that have it. */
export function Context({ context, atMost = Infinity, filter }) {
  if (context === null) return html`<span class="muted">a large context</span>`
  const pairs = pairsOf(context)
  if (pairs.length === 0) return html`<span class="muted">no context</span>`
  return html`<span class="context">${pairs.slice(0, atMost).map((pair) => html`<${Pair} pair=${pair} filter=${filter} />`)}${pairs.length > atMost && html`<span class="muted">+${pairs.length - atMost}</span>`}</span>`
}

function Pair({ pair: [name, value, method], filter }) {
  const isScalar = value === null || typeof value !== 'object' || 'text' in value
  const text = isScalar && typeof value === 'string' ? value : stringify(value)
  const shown = html`<span class="name">${name}</span> ${method && html`<b class="method">${method}</b> `}<span class="what">${text.length > 80 ? `${text.slice(0, 80)}…` : text}</span>`
  if (!filter || !isScalar || text.length > 500) return html`<span class="pair">${shown}</span>`
  return html`<a class="pair" href=${filter(name, text)} title=${`Only changes with ${name} ${text}`.slice(0, 200)}>${shown}</a>`
}

/** A whole context, a line for each key. */
export function ContextTable({ context }) {
  if (context === null) return html`<p class="muted">It is too large to be shown.</p>`
  const pairs = Object.entries(context)
  if (pairs.length === 0) return html`<p class="muted">Nobody has said who was at work: the context is empty.</p>`
  return html`<dl class="facts">${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd class="value">${typeof value === 'string' ? value : stringify(value, '  ')}</dd></div>`)}</dl>`
}
