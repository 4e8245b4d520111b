// Names and what they are, one below the other.
import { html } from '../lib/preact.js'

export function Facts({ rows }) {
  return html`<dl class="facts">${rows.filter(Boolean).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** A piece of a page with a title; `actions` are at its right. */
export function Panel({ title, actions, children, className = '' }) {
  return html`<section class=${`panel ${className}`}><header><h2>${title}</h2>${actions && html`<div class="actions">${actions}</div>`}</header>${children}</section>`
}
