// How many changes there were when. A stretch that is dragged over becomes the time that is looked at.
import { html, useRef, useState } from '../lib/preact.js'
import { go, withQuery } from '../lib/router.js'
import { count, exact } from '../lib/time.js'
import { useAnswer } from '../lib/use.js'

const height = 48
const order = ['UPDATE', 'CREATE', 'DELETE']

export function Histogram({ query }) {
  const { data, error } = useAnswer(`/api/histogram${withQuery(query, {})}`)
  if (data === undefined) return html`<div class="histogram">${error?.status === 504 && html`<p class="muted">${error.message} ${error.hint}</p>`}</div>`
  return html`<${Bars} ...${data} query=${query} />`
}

function Bars({ from, to, total, isCut, oldest, buckets, bars, query }) {
  const svg = useRef()
  const [brush, setBrush] = useState(null)
  const start = new Date(from).getTime()
  const step = (new Date(to).getTime() - start) / buckets
  const timeAt = (place) => new Date(start + place * step).toISOString()
  const placeOf = ({ clientX }) => {
    const { left, width } = svg.current.getBoundingClientRect()
    return Math.min(buckets - 1, Math.max(0, Math.floor(((clientX - left) / width) * buckets)))
  }
  const select = () => {
    const [low, high] = [Math.min(...brush), Math.max(...brush) + 1]
    setBrush(null)
    go(`/${withQuery(query, { from: timeAt(low), to: timeAt(high), last: null })}`)
  }
  const sums = Array(buckets).fill(0)
  for (const [place, , number] of bars) sums[place] += number
  const tallest = Math.max(1, ...sums)
  const label = `${count(total)}${isCut ? ' or more' : ''} changes from ${exact(from)} to ${exact(to)}`
  return html`<figure class="histogram">
    <svg ref=${svg} viewBox=${`0 0 ${buckets} ${height}`} preserveAspectRatio="none" role="img" aria-label=${label}
      onPointerDown=${(event) => (svg.current.setPointerCapture(event.pointerId), setBrush([placeOf(event), placeOf(event)]))}
      onPointerMove=${(event) => brush && setBrush([brush[0], placeOf(event)])} onPointerUp=${() => brush && select()} onPointerCancel=${() => setBrush(null)}>
      ${brush && html`<rect class="brush" x=${Math.min(...brush)} y="0" width=${Math.abs(brush[1] - brush[0]) + 1} height=${height} />`}
      ${stacked(bars, tallest).map(({ place, operation, y, size }) => html`<rect class=${operation} x=${place + 0.1} y=${y} width="0.8" height=${size} />`)}
    </svg>
    <figcaption><span>${exact(from).slice(0, 16)}</span><b>${count(total)}${isCut ? '+' : ''} ${total === 1 ? 'change' : 'changes'}</b><span>${exact(to).slice(0, 16)}</span></figcaption>
    ${isCut && html`<p class="muted">Counted are the newest ${count(total)}, since ${exact(oldest).slice(0, 19)}.</p>`}
  </figure>`
}

/** Each bar from the ground up; what is there at all is seen. */
function stacked(bars, tallest) {
  const tops = new Map()
  const rank = ([, operation]) => (order.includes(operation) ? order.indexOf(operation) : order.length)
  return [...bars].sort((a, b) => rank(a) - rank(b)).map(([place, operation, number]) => {
    const size = Math.max(1.5, (number / tallest) * (height - 3))
    const top = (tops.get(place) ?? height) - size
    tops.set(place, top)
    return { place, operation: operation.toLowerCase(), y: top, size }
  })
}
