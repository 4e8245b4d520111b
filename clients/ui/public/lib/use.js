// What several pages do: ask the server, wait, and ask again.
import { get } from './api.js'
import { useEffect, useState } from './preact.js'

/**
 * What the server answers at an address: {data, error, isLoading, reload}. While another address is asked, the former answer
 * stays, so that nothing flickers. If the server is away, it is asked again until it is back.
 */
export function useAnswer(address) {
  const [state, setState] = useState({})
  const [attempt, setAttempt] = useState(0)
  const reload = () => setAttempt((count) => count + 1)
  useEffect(() => {
    if (address === null) return
    const control = new AbortController()
    let timer
    get(address, control.signal).then(
      (data) => setState({ data, address }),
      (error) => {
        if (error.name === 'AbortError') return
        setState((former) => ({ ...(error.isPassing && former.address === address ? former : {}), error, address }))
        if (error.isPassing) timer = setTimeout(reload, 2000)
      },
    )
    return () => {
      control.abort()
      clearTimeout(timer)
    }
  }, [address, attempt])
  return { ...state, isLoading: address !== null && state.address !== address, reload }
}

/** A value that is kept in this browser. */
export function useStored(name, initial) {
  const [value, setValue] = useState(() => localStorage.getItem(name) ?? initial)
  const store = (next) => {
    localStorage.setItem(name, next)
    setValue(next)
  }
  return [value, store]
}
