// What is shown where there is nothing to be shown: while it is loaded, if there is none, if it may not be read, if it failed.
import { html, useEffect, useState } from '../lib/preact.js'

/** An answer of useAnswer(), or in its place why there is none. */
export function Answer({ answer, children, lines = 6 }) {
  if (answer.data !== undefined) return children(answer.data)
  if (answer.error !== undefined) return html`<${Failure} error=${answer.error} reload=${answer.reload} />`
  return html`<${Loading} lines=${lines} />`
}

/** Nothing for a moment, for most answers are there by then. */
export function Loading({ lines }) {
  const [isLate, setIsLate] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setIsLate(true), 200)
    return () => clearTimeout(timer)
  }, [])
  return html`<div class="loading" role="status" aria-label="Loading">${isLate && Array.from({ length: lines }, () => html`<div class="bone"></div>`)}</div>`
}

export function Empty({ title, children }) {
  return html`<section class="state"><h2>${title}</h2><div>${children}</div></section>`
}

const titles = {
  401: 'You are not signed in',
  403: 'You may not see this',
  404: 'There is no such thing',
  503: 'The database is away',
  504: 'That took too long',
}

export function Failure({ error, reload }) {
  const isSql = /^(GRANT|CREATE|ALTER|SELECT) /.test(error.hint ?? '')
  return html`<section class="state failure" role="alert">
    <h2>${titles[error.status] ?? (error.status === 0 ? 'bemi-ui is away' : 'That did not work')}</h2>
    <p>${error.message}</p>
    ${isSql ? html`<p class="muted">Somebody who may do it runs:</p><${Copyable} text=${error.hint} />` : error.hint && html`<p class="muted">${error.hint}</p>`}
    ${error.isPassing ? html`<p class="muted">It is asked again every two seconds.</p>` : reload && html`<button onClick=${reload}>Try again</button>`}
  </section>`
}

/** SQL, to be copied with one click. */
export function Copyable({ text }) {
  const [isCopied, setIsCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setIsCopied(true)
    setTimeout(() => setIsCopied(false), 1500)
  }
  return html`<div class="copyable"><pre tabindex="0"><code>${text}</code></pre><button class="quiet" onClick=${copy}>${isCopied ? 'Copied' : 'Copy'}</button></div>`
}
