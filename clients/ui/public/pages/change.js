// One change, all of it.
import { html } from '../lib/preact.js'
import { revertLink } from '../lib/revert.js'
import { ago, bytes, exact, zone } from '../lib/time.js'
import { useAnswer } from '../lib/use.js'
import { Columns } from '../parts/columns.js'
import { Facts, Panel } from '../parts/facts.js'
import { ContextTable, Operation, Record } from '../parts/names.js'
import { Answer } from '../parts/states.js'

export function ChangePage({ segments: [id], me }) {
  const answer = useAnswer(`/api/change/${encodeURIComponent(id)}`)
  return html`<${Answer} answer=${answer}>${(change) => html`<${Shown} change=${change} me=${me} />`}<//>`
}

function Shown({ change, me }) {
  const { id, operation, at, tx, columns, context } = change
  const fileOf = (column, side) => `/api/change/${id}/value?${new URLSearchParams({ side, column })}`
  return html`
    <header class="title"><div><h1><${Operation} name=${operation} /> <${Record} change=${change} /></h1>
      <p class="muted"><time datetime=${at}>${exact(at)}</time> ${zone}, ${ago(at)}</p></div>
      ${canRevert(me, operation) && html`<div class="actions"><a class="button" href=${revertLink({ change: id })}>Take it back …</a></div>`}
    </header>
    <div class="two">
      <div><${Panel} title=${operation === 'UPDATE' ? 'What differs' : 'The row'}>
        <${Columns} list=${columns.shown} fileOf=${fileOf} isShownWhole=${operation !== 'UPDATE'} />
        ${columns.total > columns.shown.length && html`<p class="muted">Of ${columns.total} columns the first ${columns.shown.length}.</p>`}
      <//></div>
      <div>
        <${Panel} title="Context"><${ContextTable} context=${context} /><//>
        <${Panel} title="Where and when"><${Facts} rows=${[
          ['transaction', html`<a href=${`/tx/${tx}`}>${tx}</a>`],
          ['committed', exact(at)],
          ['stored', exact(change.created_at)],
          ['database', change.database],
          ['position', `${change.position}, of the commit ${change.commit}`],
          ['number', `${change.sequence} of its transaction`],
          ['size', `${bytes(change.size)} as stored`],
          ['id', html`<code>${id}</code>`],
        ]} /><//>
      </div>
    </div>`
}

export const canRevert = ({ can }, operation) => can.has_revert && can.reads_all && !can.is_standby && !['BASELINE', 'ERASURE'].includes(operation)
