// Taking changes back: first what that would be, and who is in the way; then, if it is meant, the deed.
import { post } from '../lib/api.js'
import { html, useEffect, useState } from '../lib/preact.js'
import { count } from '../lib/time.js'
import { Facts, Panel } from '../parts/facts.js'
import { Plan } from '../parts/plan.js'
import { Empty, Failure, Loading } from '../parts/states.js'

const resolutions = {
  error: 'stop if anybody has changed it since',
  skip: 'leave alone what somebody has changed since',
  force: 'overwrite what somebody has changed since',
  cascade: 'take back what came after, too',
}
const named = ['change', 'transaction', 'relation', 'key', 'since', 'since_mark']

export function Revert({ address, me }) {
  const selector = Object.fromEntries([...address.searchParams].filter(([name]) => named.includes(name)))
  if (Object.keys(selector).length === 0) return html`<${Empty} title="What is to be taken back?"><p>Choose a change, a transaction, or a version of a record.</p><p><a class="button" href="/">To the timeline</a></p><//>`
  return html`<${Steps} selector=${selector} me=${me} />`
}

function Steps({ selector, me }) {
  const [conflicts, setConflicts] = useState('error')
  const [reason, setReason] = useState('')
  const [state, setState] = useState({})
  const body = { selector, conflicts, context: contextOf(me, reason) }
  const ask = async (more) => {
    setState((former) => ({ plan: more.confirm && former.plan, isBusy: true }))
    try {
      const answer = await post('/api/revert', { ...body, ...more }, me.token)
      setState(more.confirm ? { done: answer } : { plan: answer })
    } catch (error) {
      setState({ error })
    }
  }
  useEffect(() => {
    ask({})
  }, [conflicts])
  if (state.done) return html`<${Done} rows=${state.done} selector=${selector} />`
  return html`
    <header class="title"><div><h1>Take back</h1><p class="muted">Nothing has been done yet. This is what would be done.</p></div></header>
    <div class="two">
      <div>${state.error ? html`<${Failure} error=${state.error} reload=${() => ask({})} />` : state.plan ? html`<${Plan} plan=${state.plan} />` : html`<${Loading} lines=${4} />`}</div>
      <div>
        <${Panel} title="What"><${Facts} rows=${Object.entries(selector)} /><//>
        <${Panel} title="How"><fieldset class="choice"><legend class="hidden">Conflicts</legend>
          ${Object.entries(resolutions).map(([name, what]) => html`<label><input type="radio" name="conflicts" value=${name} checked=${conflicts === name} onChange=${() => setConflicts(name)} /> ${what}</label>`)}</fieldset><//>
        <${Panel} title="Context"><label class="field">Why? It is in the history of what you do now.<input maxlength="500" value=${reason} onInput=${(event) => setReason(event.target.value)} /></label>
          <pre class="block"><code>${JSON.stringify(body.context, null, 2)}</code></pre><//>
        <${Confirm} state=${state} confirm=${() => ask({ confirm: state.plan.digest })} />
      </div>
    </div>`
}

const contextOf = ({ role }, reason) => ({ application: 'bemi-ui', role, ...(reason.trim() && { reason: reason.trim() }) })

function Confirm({ state: { plan, isBusy }, confirm }) {
  const number = plan ? sumOf(plan, 'planned') : 0
  const isBlocked = plan && sumOf(plan, 'conflict') > 0
  return html`<button class="primary wide" disabled=${isBusy || isBlocked || !number} onClick=${confirm}>${
    isBusy ? (plan ? 'At work …' : '…') : isBlocked ? 'Somebody is in the way: choose how' : number ? `Take it back: ${count(number)} ${number === 1 ? 'row' : 'rows'}` : 'There is nothing to take back'
  }</button>`
}

const sumOf = ({ totals }, wanted) => totals.filter(([, status]) => status === wanted).reduce((sum, [, , number]) => sum + number, 0)

function Done({ rows, selector }) {
  const { relation, key } = rows.rows[0] ?? {}
  return html`<header class="title"><div><h1>It is taken back</h1><p class="muted">The history has it as a change like any other; to undo it, take that one back.</p></div>
      <div class="actions"><a class="button" href="/?last=hour">To the timeline</a></div></header>
    <${Plan} plan=${rows} />
    <p class="hidden" role="status">Done: ${relation} ${key} ${Object.keys(selector).join(' ')}</p>`
}
