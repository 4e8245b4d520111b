import { read } from './context.js'
import { options } from './options.js'

/** The server accepts 512 levels. */
const maxDepth = 100

export class TooLarge extends Error {}

/**
 * A key and its value as JSON in ASCII that can stand in a comment in front of any statement: without `*` (which would end the comment or open
 * a nested one) and without what query builders take for a parameter (`?`, `$1`, `:x`). ASCII, because a character that
 * the database's encoding lacks would fail the statement. Strings lose what jsonb cannot hold: NUL and half surrogate
 * pairs. JSON lacks `undefined`; so do we, hence the result.
 */
export function memberJson(name: string, value: unknown, budget: number): string | undefined {
  return new Writer(budget).member(name, value)
}

/** Most names and values need no escapes. */
const plain = /^[\w ./-]*$/

export function quoted(text: string): string {
  if (plain.test(text)) return `"${text}"`
  return JSON.stringify(text.toWellFormed().replaceAll('\0', '\ufffd')).replace(/[*?$:\x7f-\uffff]/g, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

class Writer {
  readonly #open: object[] = []
  #left: number

  constructor(budget: number) {
    this.#left = budget
  }

  member(name: string, value: unknown): string | undefined {
    const text = this.#value(name, value)
    return text === undefined ? undefined : `${this.#string(name)}: ${text}`
  }

  #value(name: string, value: unknown): string | undefined {
    const shown = redacted(name, value)
    switch (typeof shown) {
      case 'string':
        return this.#string(shown)
      case 'number':
        return Number.isFinite(shown) ? this.#paid(String(shown)) : this.#string(String(shown))
      case 'bigint':
      case 'boolean':
        return this.#paid(String(shown))
      case 'object':
        return shown === null ? this.#paid('null') : this.#object(name, shown)
      default:
        return undefined
    }
  }

  /** Stops at the budget rather than after it: a value of 10 MB costs no more than one of the permitted size. */
  #paid(text: string): string {
    this.#left -= text.length
    if (this.#left < 0) throw new TooLarge()
    return text
  }

  #string(text: string): string {
    if (text.length > this.#left) throw new TooLarge()
    return this.#paid(quoted(text))
  }

  #object(name: string, object: object): string | undefined {
    if (this.#open.includes(object)) return this.#paid('"[Circular]"')
    if (this.#open.length === maxDepth) return this.#paid('"[Too deep]"')
    if (ArrayBuffer.isView(object) && object.byteLength > this.#left) throw new TooLarge()
    this.#open.push(object)
    try {
      const shown = plainOf(name, object)
      if (shown === null || typeof shown !== 'object') return this.#value('', shown)
      return Array.isArray(shown) ? this.#array(shown) : this.#members(shown)
    } finally {
      this.#open.pop()
    }
  }

  #array(array: unknown[]): string {
    const elements = array.map((element, index) => this.#value(String(index), element) ?? this.#paid('null'))
    this.#paid(','.repeat(elements.length))
    return `[${elements.join(',')}]`
  }

  #members(object: object): string {
    const members: string[] = []
    for (const name of Object.keys(object)) {
      const text = this.member(name, read(object, name))
      if (text !== undefined) members.push(text)
    }
    return `{${members.join(', ')}}`
  }
}

/** What the object says of itself: a Date its time, a document of an ORM its columns. */
function plainOf(name: string, object: object): unknown {
  const toJSON = read(object, 'toJSON')
  if (typeof toJSON !== 'function') return object
  try {
    return toJSON.call(object, name)
  } catch {
    return undefined
  }
}

/** A redaction that fails must not show what it was to hide. */
function redacted(name: string, value: unknown): unknown {
  const { redact } = options
  if (!redact) return value
  if (Array.isArray(redact)) return redact.includes(name) ? '[REDACTED]' : value
  try {
    return redact(name, value)
  } catch {
    return '[REDACTED]'
  }
}
