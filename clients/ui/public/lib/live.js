// New changes, as the server sends them.
import { parse } from './json.js'
import { useEffect, useState } from './preact.js'
import { withQuery } from './router.js'

const most = 300

/** While `isOn`: the changes since `newest`, the newest first; isCut where some came too fast to be shown. */
export function useLive(isOn, query, newest) {
  const [state, setState] = useState({ changes: [], isCut: false })
  const filter = withQuery(query, newest ? { since: newest } : {})
  useEffect(() => {
    if (!isOn) return
    const source = new EventSource(`/api/tail${filter}`)
    source.onopen = () => setState((former) => ({ ...former, isAway: false }))
    source.onerror = () => setState((former) => ({ ...former, isAway: true }))
    source.onmessage = ({ data }) => {
      const { changes, isCut } = parse(data)
      setState((former) => added(former, changes, isCut))
    }
    return () => source.close()
  }, [isOn, filter])
  return state
}

function added(former, changes, isCut) {
  const known = new Set(former.changes.map(({ id }) => id))
  const all = [...changes.filter(({ id }) => !known.has(id)), ...former.changes]
  return { changes: all.slice(0, most), isCut: former.isCut || isCut || all.length > most, isAway: false }
}
