// The rows of bemi.revert(): what is done to each, and what is in the way.
import { stringify } from '../lib/json.js'
import { html } from '../lib/preact.js'
import { count } from '../lib/time.js'
import { Panel } from './facts.js'
import { Context } from './names.js'
import { Copyable } from './states.js'

const good = ['planned', 'reverted', 'adjusted by trigger']

export function Plan({ plan: { rows, totals } }) {
  if (rows.length === 0) return html`<${Panel} title="Nothing"><p class="muted">The rows are as they were before, or no such change is stored.</p><//>`
  const total = totals.reduce((sum, [, , number]) => sum + number, 0)
  const blocked = rows.filter(({ conflict }) => conflict !== null)
  const script = rows.map(({ sql }) => sql).filter(Boolean)
  return html`
    <${Panel} title=${totals.map(([action, status, number]) => `${count(number)} ${action} ${status === 'conflict' ? 'in conflict' : status}`).join(', ')}>
      ${blocked.length > 0 && html`<p class="verdict bad">Somebody has changed ${blocked.length === 1 ? 'a row' : `${count(blocked.length)} rows`} since.</p>`}
      <ul class="plan">${rows.map((row) => html`<${Row} row=${row} />`)}</ul>
      ${total > rows.length && html`<p class="muted">These are the first ${count(rows.length)} of ${count(total)}.</p>`}
    <//>
    ${script.length > 0 && html`<${Panel} title="As SQL"><${Copyable} text=${script.slice(0, 100).join('\n') + (script.length > 100 ? `\n-- and ${script.length - 100} more` : '')} /><//>`}`
}

function Row({ row: { relation, key, action, columns, status, conflict } }) {
  return html`<li><span class=${`operation ${classes[action] ?? ''}`}>${action}</span>
    <div><b>${relation}</b> <code>${key}</code> <span class="muted">${action === 'UPDATE' && columns?.join(', ')}</span>
      <span class=${good.includes(status) ? 'muted' : 'problem'}> ${status}</span>
      ${conflict && html`<${Conflict} ...${conflict} />`}</div></li>`
}

const classes = { INSERT: 'create', UPDATE: 'update', DELETE: 'delete' }

function Conflict({ reason, column, expected, present, change, context }) {
  return html`<p class="conflict">${reason}${column && html`: <b>${column}</b> would have to be <code>${stringify(expected)}</code>, and is <code>${stringify(present)}</code>`}
    ${context && html`<br />by <${Context} context=${context} atMost=${4} />`} ${change && html`<a href=${`/change/${change}`}>the change</a>`}</p>`
}
