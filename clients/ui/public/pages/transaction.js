// All that one transaction has done, in its order.
import { get } from '../lib/api.js'
import { html, useState } from '../lib/preact.js'
import { revertLink } from '../lib/revert.js'
import { ago, count, exact, zone } from '../lib/time.js'
import { useAnswer } from '../lib/use.js'
import { Change } from '../parts/change.js'
import { Panel } from '../parts/facts.js'
import { ContextTable, Operation, tableName } from '../parts/names.js'
import { Answer } from '../parts/states.js'
import { canRevert } from './change.js'

export function TransactionPage({ segments: [id], me }) {
  const answer = useAnswer(`/api/tx/${encodeURIComponent(id)}`)
  return html`<${Answer} answer=${answer}>${(page) => html`<${Shown} id=${id} page=${page} me=${me} />`}<//>`
}

function Shown({ id, page, me }) {
  const [rest, setRest] = useState({ changes: [], next: page.next })
  const changes = [...page.changes, ...rest.changes]
  const load = async () => {
    const more = await get(`/api/tx/${id}?after=${rest.next}`)
    setRest({ changes: [...rest.changes, ...more.changes], next: more.next })
  }
  const { at, context } = page.changes[0]
  const { total, isCut, parts } = page.summary
  return html`
    <header class="title"><div><h1>Transaction ${id}</h1>
      <p class="muted"><time datetime=${at}>${exact(at)}</time> ${zone}, ${ago(at)}</p></div>
      ${canRevert(me) && html`<div class="actions"><a class="button" href=${revertLink({ transaction: id })}>Take it back …</a></div>`}
    </header>
    <div class="two">
      <div><${Panel} title=${`${count(total)}${isCut ? '+' : ''} ${total === 1 ? 'change' : 'changes'}`}>
        <ul class="changes">${groupsOf(changes).map(({ text, changes }, index) => html`
          ${index > 0 && html`<li class="new-context">the context is now <code>${text}</code></li>`}
          ${changes.map((change) => html`<${Change} key=${change.id} change=${change} isItem />`)}`)}</ul>
        ${rest.next !== null && html`<p class="end"><button onClick=${load}>Load more</button></p>`}
      <//></div>
      <div>
        <${Panel} title="Context"><${ContextTable} context=${context} /><//>
        <${Panel} title="Tables"><table class="numbers"><tbody>${parts.map(([schema, table, operation, number]) => html`<tr>
          <th scope="row">${tableName({ schema, table })}</th><td><${Operation} name=${operation} /></td><td class="number">${count(number)}</td></tr>`)}</tbody></table><//>
      </div>
    </div>`
}

/** A transaction may have several contexts, one after the other. */
function groupsOf(changes) {
  const groups = []
  for (const change of changes) {
    const text = JSON.stringify(change.context)
    if (groups.at(-1)?.text === text) groups.at(-1).changes.push(change)
    else groups.push({ text, changes: [change] })
  }
  return groups
}
