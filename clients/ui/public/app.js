// The page at the address.
import { useKeys } from './lib/keys.js'
import { html, render, useEffect, useState } from './lib/preact.js'
import { followLinks, segmentsOf, useAddress } from './lib/router.js'
import { useAnswer } from './lib/use.js'
import { AsOf } from './pages/as-of.js'
import { ChangePage } from './pages/change.js'
import { RecordPage } from './pages/record.js'
import { Revert } from './pages/revert.js'
import { Status } from './pages/status.js'
import { Tables } from './pages/tables.js'
import { Timeline } from './pages/timeline.js'
import { TransactionPage } from './pages/transaction.js'
import { Keys } from './parts/keys.js'
import { Shell } from './parts/shell.js'
import { Empty, Failure } from './parts/states.js'

const pages = { '': Timeline, record: RecordPage, tx: TransactionPage, change: ChangePage, tables: Tables, status: Status, 'as-of': AsOf, revert: Revert }

/** Who looks at what, asked anew every few seconds: so a page notices that the server has gone. */
function useMe() {
  const me = useAnswer('/api/me')
  useEffect(() => {
    if (me.error?.isPassing) return
    const timer = setInterval(() => document.hidden || me.reload(), 5000)
    return () => clearInterval(timer)
  }, [me.error])
  return me
}

function App() {
  const address = useAddress()
  const me = useMe()
  const [isKeysOpen, setIsKeysOpen] = useState(false)
  useKeys(() => setIsKeysOpen(true))
  return html`<${Shell} me=${me} path=${address.pathname} openKeys=${() => setIsKeysOpen(true)}>
    ${me.data !== undefined ? html`<${Page} address=${address} me=${me.data} />` : me.error !== undefined && html`<${Failure} error=${me.error} reload=${me.reload} />`}
    <${Keys} isOpen=${isKeysOpen} close=${() => setIsKeysOpen(false)} />
  <//>`
}

function Page({ address, me }) {
  const [name, ...segments] = segmentsOf(address.pathname)
  const Content = Object.hasOwn(pages, name) && pages[name]
  useEffect(() => {
    document.title = [...segments, name || 'timeline', 'bemi'].join(' · ')
  }, [address.pathname])
  if (!Content) return html`<${Empty} title="There is no such page"><p><a class="button" href="/">To the timeline</a></p><//>`
  return html`<${Content} key=${address.pathname} address=${address} segments=${segments} me=${me} />`
}

followLinks()
render(html`<${App} />`, document.body)
