// The page at the address.
import { html, render, useEffect } from './lib/preact.js'
import { followLinks, segmentsOf, useAddress } from './lib/router.js'
import { useAnswer } from './lib/use.js'
import { Timeline } from './pages/timeline.js'
import { Shell } from './parts/shell.js'
import { Empty, Failure } from './parts/states.js'

const pages = { '': Timeline }

function App() {
  const address = useAddress()
  const me = useAnswer('/api/me')
  useEffect(() => {
    if (me.error?.isPassing) return
    const timer = setTimeout(() => document.hidden || me.reload(), 5000)
    return () => clearTimeout(timer)
  })
  const [name, ...rest] = segmentsOf(address.pathname)
  const Page = pages[name]
  return html`<${Shell} me=${me} path=${address.pathname}>
    ${me.data === undefined && me.error !== undefined
      ? html`<${Failure} error=${me.error} reload=${me.reload} />`
      : me.data !== undefined && (Page ? html`<${Page} key=${name} address=${address} segments=${rest} me=${me.data} />` : html`<${Empty} title="There is no such page"><p><a href="/">To the timeline</a></p><//>`)}
  <//>`
}

followLinks()
render(html`<${App} />`, document.body)
