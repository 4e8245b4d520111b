// What is around each page: where you are, how the server is, and the way to the other pages.
import { html, useEffect } from '../lib/preact.js'
import { useStored } from '../lib/use.js'

const pages = [['/', 'Timeline'], ['/tables', 'Tables'], ['/as-of', 'As of'], ['/status', 'Status']]

export function Shell({ me, path, openKeys, children }) {
  return html`
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <a class="brand" href="/"><img src="/icon.svg" alt="" width="24" height="24" /> bemi</a>
      <${Connection} me=${me} />
      <nav aria-label="Pages">${pages.filter(([href]) => href !== '/as-of' || me.data?.can.has_as_of !== false).map(([href, name]) => html`<a href=${href} aria-current=${isAt(path, href) ? 'page' : undefined}>${name}</a>`)}</nav>
      <${Theme} />
      <button class="quiet icon keys" onClick=${openKeys} title="Keys" aria-label="Keys">?</button>
    </header>
    <${Away} error=${me.error} />
    <main id="main" tabindex="-1">${children}</main>`
}

const isAt = (path, href) => (href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`))

const states = { 'caught up': 'good', reading: 'good', storing: 'good', running: 'good', standby: 'good' }

function Connection({ me: { data, error } }) {
  if (data === undefined) return html`<span class="connection"></span>`
  const isAway = error !== undefined
  const state = isAway ? 'away' : data.state
  return html`<span class="connection">
    <span class="whom" title=${`PostgreSQL ${data.version}, bemi ${data.bemi ?? 'not there'}`}>${data.role}<span class="muted"> in </span>${data.database}</span>
    ${state && html`<a class=${`worker ${states[state] ?? 'bad'}`} href="/status" title="How the worker is doing">${state}</a>`}
  </span>`
}

function Away({ error }) {
  if (error === undefined || !error.isPassing) return null
  const what = error.status === 0 ? 'bemi-ui does not answer' : 'The database does not answer'
  return html`<div class="away" role="alert"><b>${what}.</b> What you see is from before. It is asked again every two seconds.</div>`
}

const nextTheme = { system: 'light', light: 'dark', dark: 'system' }
const symbols = { system: '◐', light: '☀', dark: '☾' }

function Theme() {
  const [theme, setTheme] = useStored('theme', 'system')
  useEffect(() => {
    document.documentElement.dataset.theme = theme
  }, [theme])
  return html`<button class="quiet icon" onClick=${() => setTheme(nextTheme[theme] ?? 'system')} title=${`Colours: ${theme}`} aria-label=${`Colours: ${theme}`}>${symbols[theme]}</button>`
}
