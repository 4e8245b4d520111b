// How the worker is doing, what is missing, and how it is mended.
import { html } from '../lib/preact.js'
import { bytes, count, exact } from '../lib/time.js'
import { useAnswer } from '../lib/use.js'
import { Facts, Panel } from '../parts/facts.js'
import { Answer, Copyable } from '../parts/states.js'

export function Status() {
  const status = useAnswer('/api/status')
  const doctor = useAnswer('/api/doctor')
  const reload = () => (status.reload(), doctor.reload())
  return html`<header class="title"><div><h1>Status</h1></div><div class="actions"><button onClick=${reload}>Look again</button></div></header>
    <div class="two status">
      <div><${Panel} title="Doctor"><${Answer} answer=${doctor}>${(findings) => html`<${Doctor} findings=${findings} />`}<//><//></div>
      <div><${Answer} answer=${status} lines=${3}>${(data) => html`
        <${Panel} title="Worker"><${Worker} ...${data} /><//>
        <${Panel} title="Gaps"><${Lost} rows=${data.gaps} none="No change is lost." Row=${Gap} /><//>
        <${Panel} title="Errors"><${Lost} rows=${data.errors} none="Every value is stored as it was." Row=${StoredOtherwise} /><//>
        ${data.partitions && html`<${Panel} title="Partitions"><${Partitions} rows=${data.partitions} /><//>`}`}<//></div>
    </div>`
}

function Doctor({ findings }) {
  const bad = findings.filter(({ ok }) => !ok)
  return html`
    ${bad.length === 0 ? html`<p class="verdict good">✓ All is well: ${findings.length} checks.</p>` : html`<p class="verdict bad">${bad.length} of ${findings.length} checks ${bad.length === 1 ? 'needs' : 'need'} somebody.</p>`}
    <ul class="findings">${[...bad, ...findings.filter(({ ok }) => ok)].map((finding) => html`<li class=${finding.ok ? 'ok' : finding.severity}>
      <span class="mark" aria-label=${finding.ok ? 'passed' : finding.severity}>${finding.ok ? '✓' : finding.severity === 'warning' ? '!' : '✗'}</span>
      <div><b>${finding.check}</b> <span class="found">${finding.found}</span>${!finding.ok && finding.fix && html`<${Copyable} text=${finding.fix} />`}</div></li>`)}</ul>`
}

const Refused = ({ sql }) => html`<p class="muted">You may not read this. Somebody who may runs:</p><${Copyable} text=${sql} />`

function Worker({ status, metrics }) {
  if (status.refused) return html`<${Refused} sql=${status.refused} />`
  const all = metrics.refused ? {} : metrics
  return html`<${Facts} rows=${[
    ['state', html`<b>${status.state}</b>`],
    ['lag', lagOf(status)],
    ['still to read', status.lag_bytes === null ? '' : bytes(status.lag_bytes)],
    ['changes stored', status.changes_stored === null ? 'none' : count(status.changes_stored)],
    all.last_stored_at && ['last one stored', timeOf(all.last_stored_at)],
    all.slot && ['slot', `${all.slot}, keeps ${bytes(all.wal_kept_bytes ?? 0)} of WAL`],
    all.last_retention_at && ['retention', `${count(all.partitions_dropped)} partitions dropped, looked at ${timeOf(all.last_retention_at)}`],
    status.last_error && ['last error', html`<span class="problem">${status.last_error}</span>`],
  ]} />${metrics.refused && html`<p class="muted">For more: <code>GRANT pg_monitor</code>.</p>`}`
}

const lagOf = ({ lag }) => (lag === null ? 'not known' : lag === '00:00:00' ? 'none' : lag)
const timeOf = (text) => exact(text.replace(/\+00:00$/, 'Z')).slice(0, 19)

function Lost({ rows, none, Row }) {
  if (rows.refused) return html`<${Refused} sql=${rows.refused} />`
  if (rows.length === 0) return html`<p class="verdict good">✓ ${none}</p>`
  return html`<ul class="findings">${rows.map((row) => html`<li class=${row.acknowledged_at ? 'ok' : 'error'}><span class="mark">${row.acknowledged_at ? '✓' : '✗'}</span><div><${Row} row=${row} />
    ${row.acknowledged_at && html`<p class="muted">Known to ${row.acknowledged_by} since ${timeOf(row.acknowledged_at)}.</p>`}</div></li>`)}</ul>`
}

const Gap = ({ row }) => html`<b>${row.reason}</b><p class="muted">${row.from_time ? timeOf(row.from_time) : 'the begin'} to ${row.to_time ? timeOf(row.to_time) : 'now'}, ${row.from_position} to ${row.to_position ?? '…'}${row.role && `, by ${row.role}`}</p>`
const StoredOtherwise = ({ row }) => html`<a href=${`/change/${row.id}`}><b>${row.schema}.${row.table}</b> ${row.operation}</a> ${timeOf(row.committed_at)}<p class="muted">${row.error}: ${row.stored_as ?? 'the change is missing'}</p>`

function Partitions({ rows }) {
  return html`<table class="numbers"><thead><tr><th scope="col">from</th><th scope="col">to</th><th scope="col" class="number">changes, about</th><th scope="col" class="number">size</th></tr></thead>
    <tbody>${rows.map(({ from, to, rows, bytes: size }) => html`<tr><td>${from ? utcDay(from) : 'any other time'}</td><td>${to && utcDay(to)}</td><td class="number">${count(rows)}</td><td class="number">${bytes(size)}</td></tr>`)}</tbody></table>`
}

const utcDay = (text) => text.slice(0, 10)
