// Changes, grouped by the transactions that made them and by day.
import { html, useState } from '../lib/preact.js'
import { clock, day, dayName, exact } from '../lib/time.js'
import { Change } from './change.js'
import { linkFor } from './filters.js'
import { Context } from './names.js'

const atOnce = 6

export function Transactions({ changes, query }) {
  return html`<div class="days">${daysOf(groupsOf(changes)).map(
    ({ name, groups }) => html`<section class="day" key=${name} aria-label=${name}>
      <h2>${name}</h2>
      <ol class="transactions">${groups.map((group) => html`<${Transaction} key=${group.id} group=${group} query=${query} />`)}</ol>
    </section>`,
  )}</div>`
}

/** Neighbours with the same transaction and context; within, the first change first. */
function groupsOf(changes) {
  const groups = []
  for (const change of changes) {
    const context = JSON.stringify(change.context)
    const last = groups.at(-1)
    if (last?.tx === change.tx && last.commit === change.commit && last.text === context) last.changes.unshift(change)
    else groups.push({ id: change.id, tx: change.tx, commit: change.commit, at: change.at, text: context, context: change.context, changes: [change] })
  }
  return groups
}

function daysOf(groups) {
  const days = new Map()
  for (const group of groups) days.set(day(group.at), [...(days.get(day(group.at)) ?? []), group])
  return [...days.values()].map((groups) => ({ name: dayName(groups[0].at), groups }))
}

function Transaction({ group: { tx, at, context, changes }, query }) {
  const [isOpen, setIsOpen] = useState(false)
  const shown = isOpen ? changes : changes.slice(0, atOnce)
  const hidden = changes.length - shown.length
  return html`<li class="transaction" tabindex="-1" data-item>
    <div class="stamp"><time datetime=${at} title=${exact(at)}>${clock(at)}</time><a class="tx" href=${`/tx/${tx}`} title="The whole transaction" data-open>tx ${tx}</a></div>
    <div class="body">
      <div class="head"><${Context} context=${context} atMost=${4} filter=${(name, value) => linkFor(query, name, value)} />
        <span class="count">${changes.length} ${changes.length === 1 ? 'change' : 'changes'}</span></div>
      <ul class="changes">${shown.map((change) => html`<${Change} key=${change.id} change=${change} />`)}</ul>
      ${hidden > 0 && html`<button class="quiet unfold" data-key="x" onClick=${() => setIsOpen(true)}>${hidden} more</button>`}
    </div>
  </li>`
}
