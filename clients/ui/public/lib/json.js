// JSON whose numbers keep their digits: 10.50 stays 10.50, and 9223372036854775807 is not rounded.

/** A number that JavaScript would write differently. */
export class ExactNumber {
  constructor(text) {
    this.text = text
  }

  toString() {
    return this.text
  }
}

const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g
const mark = '\\u0000' // in no key that the database has stored

export function parse(text) {
  let isMarked = false
  const marked = text.replace(stringOrNumber, (token) => {
    if (token[0] === '"' || String(Number(token)) === token) return token
    isMarked = true
    return `{"${mark}":"${token}"}`
  })
  return isMarked ? JSON.parse(marked, (_, value) => exactOf(value)) : JSON.parse(text)
}

const exactOf = (value) => (value !== null && typeof value === 'object' && Object.hasOwn(value, '\0') ? new ExactNumber(value['\0']) : value)

/** JSON text of a value with such numbers; with an indent, of several lines. */
export function stringify(value, indent = '', outer = '') {
  if (value instanceof ExactNumber) return value.text
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const inner = outer + indent
  const parts = Array.isArray(value)
    ? value.map((each) => stringify(each, indent, inner))
    : Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${stringify(each, indent, inner)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (parts.length === 0) return open + close
  return indent === '' ? `${open}${parts.join(', ')}${close}` : `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${outer}${close}`
}
