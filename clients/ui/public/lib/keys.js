// The keyboard: what each key does, wherever one is not writing.
import { useEffect } from './preact.js'
import { go } from './router.js'

export const keys = [
  ['j k', 'next and previous'],
  ['Enter', 'open it'],
  ['x', 'unfold all of a transaction'],
  ['/', 'look for something'],
  ['t', 'timeline'],
  ['g', 'tables'],
  ['s', 'status'],
  ['l', 'live, or not'],
  ['[ ]', 'newer and older version'],
  ['y', 'copy the address'],
  ['?', 'these keys'],
]

const items = () => [...document.querySelectorAll('[data-item]')]

function move(step) {
  const all = items()
  if (all.length === 0) return
  const at = all.indexOf(document.activeElement?.closest('[data-item]'))
  const next = all[at === -1 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))]
  next.focus({ preventScroll: true })
  next.scrollIntoView({ block: 'nearest' })
}

const press = (name) => document.querySelector(`[data-key="${name}"]`)?.click()
const inItem = (selector) => document.activeElement?.closest('[data-item]')?.querySelector(selector)

const actions = {
  j: () => move(1),
  k: () => move(-1),
  x: () => inItem('[data-key="x"]')?.click(),
  t: () => go('/'),
  g: () => go('/tables'),
  s: () => go('/status'),
  l: () => press('l'),
  '[': () => press('['),
  ']': () => press(']'),
  y: () => navigator.clipboard.writeText(location.href),
  '/': () => document.querySelector('#look')?.focus(),
}

export function useKeys(showKeys) {
  useEffect(() => {
    const onKey = (event) => {
      const isWriting = event.target.closest?.('input, select, textarea, [contenteditable], dialog')
      if (event.key === 'Escape' && isWriting) return event.target.blur()
      if (isWriting || event.metaKey || event.ctrlKey || event.altKey) return
      if (event.key === 'Enter' && event.target.matches?.('[data-item]')) return event.target.querySelector('[data-open]')?.click()
      const action = event.key === '?' ? showKeys : Object.hasOwn(actions, event.key) && actions[event.key]
      if (!action) return
      event.preventDefault()
      action()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}
