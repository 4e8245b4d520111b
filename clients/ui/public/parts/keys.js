// The list of keys.
import { keys } from '../lib/keys.js'
import { html, useEffect, useRef } from '../lib/preact.js'

export function Keys({ isOpen, close }) {
  const dialog = useRef()
  useEffect(() => {
    if (isOpen) dialog.current.showModal()
  }, [isOpen])
  return html`<dialog ref=${dialog} onClose=${close} aria-labelledby="keys-title">
    <h2 id="keys-title">Keys</h2>
    <dl>${keys.map(([names, what]) => html`<div><dt>${names.split(' ').map((name) => html`<kbd>${name}</kbd>`)}</dt><dd>${what}</dd></div>`)}</dl>
    <form method="dialog"><button>Close</button></form>
  </dialog>`
}
