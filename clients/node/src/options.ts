import type { Context } from './context.js'

export interface Options {
  /** The word around the JSON of a comment: as the server's bemi.comment_affix. */
  affix: string
  /** A context may have as many bytes. Of a larger one, the largest keys go. */
  maxBytes: number
  /** `writes`: statements that can change a row. `all`: also plain SELECTs, whose functions may write. */
  statements: 'writes' | 'all'
  /** Names of keys whose values become "[REDACTED]" at any depth, or a function that returns what takes a value's place. */
  redact?: string[] | ((key: string, value: unknown) => unknown)
  /** Is told which keys of a context had to go. */
  onDrop?: (keys: string[], context: Context) => void
  /** Asked at each write; what it returns becomes the key `traceparent`. */
  traceparent?: () => string | undefined
}

export const options: Options = { affix: 'Bemi', maxBytes: 65536, statements: 'writes' }

/** Changes settings for the whole process. */
export function configure(changes: Partial<Options>): void {
  const { affix = options.affix, maxBytes = options.maxBytes, statements = options.statements } = changes
  if (!/^\w{1,63}$/.test(affix)) throw new TypeError('affix must be a word of at most 63 letters, digits and underscores')
  if (!(maxBytes >= 1024)) throw new RangeError('maxBytes must be at least 1024')
  if (statements !== 'writes' && statements !== 'all') throw new TypeError("statements must be 'writes' or 'all'")
  Object.assign(options, changes, { affix, maxBytes, statements })
}
