// Questions to the server.
import { parse } from './json.js'

/** What the server says went wrong; status 0 if it says nothing at all. */
export class ApiError extends Error {
  constructor(status, { error, code, hint }) {
    super(error)
    Object.assign(this, { status, code, hint })
  }

  /** Whether it may go away by itself. */
  get isPassing() {
    return this.status === 0 || this.status === 503
  }
}

const silence = { error: 'bemi-ui does not answer.', code: 'away', hint: 'Is it still running?' }

export async function get(address, signal) {
  return ask(address, { signal })
}

export async function post(address, body, token) {
  return ask(address, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', 'x-bemi-token': token } })
}

async function ask(address, options) {
  const response = await fetch(address, options).catch((error) => {
    if (error.name === 'AbortError') throw error
    throw new ApiError(0, silence)
  })
  const text = await response.text()
  if (response.ok) return parse(text)
  throw new ApiError(response.status, errorIn(text))
}

function errorIn(text) {
  try {
    return JSON.parse(text)
  } catch {
    return { error: 'bemi-ui has failed.', code: 'internal', hint: text.slice(0, 200) }
  }
}
