// New changes, as the server sends them.
import { parse } from './json.js'
import { useEffect, useRef, useState } from './preact.js'
import { withQuery } from './router.js'

const most = 300

/** While `isOn`: the changes since `newest`, the newest first; isCut where some came too fast to be shown. */
export function useLive(isOn, query, newest) {
  const [state, setState] = useState({ changes: [], isCut: false })
  const last = useRef(newest)
  const isSeen = useIsSeen()
  const filter = withQuery(query, {})
  useEffect(() => {
    if (!isOn || !isSeen) return
    const source = new EventSource(`/api/tail${withQuery(query, { since: last.current })}`)
    source.onmessage = ({ data, lastEventId }) => {
      last.current = lastEventId
      const { changes, isCut } = parse(data)
      setState((former) => added(former, changes, isCut))
    }
    return () => source.close()
  }, [isOn, isSeen, filter])
  return state
}

/** A browser has few connections to one server: a tab that nobody looks at takes none. */
function useIsSeen() {
  const [isSeen, setIsSeen] = useState(!document.hidden)
  useEffect(() => {
    const update = () => setIsSeen(!document.hidden)
    document.addEventListener('visibilitychange', update)
    return () => document.removeEventListener('visibilitychange', update)
  }, [])
  return isSeen
}

function added(former, changes, isCut) {
  const known = new Set(former.changes.map(({ id }) => id))
  const all = [...changes.filter(({ id }) => !known.has(id)), ...former.changes]
  return { changes: all.slice(0, most), isCut: former.isCut || isCut || all.length > most }
}
