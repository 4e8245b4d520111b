import { currentContext } from './context.js'
import { encode } from './encode.js'
import { options } from './options.js'
import { carriesContext } from './statement.js'
import { warnOnce } from './warn.js'

/** The current context as a comment, or '': whatever is wrong with a context, the write goes on. */
function comment(): string {
  const json = contextJson()
  return json === undefined ? '' : `/*${options.affix} ${json} ${options.affix}*/ `
}

/** The current context as JSON; undefined where nothing is to be said. */
export function contextJson(): string | undefined {
  try {
    const context = currentContext()
    return context && encode(context)
  } catch (error) {
    warnOnce('BEMI_CONTEXT', `a context cannot be written as JSON, so a write lacks it: ${String(error)}`)
    return undefined
  }
}

/**
 * The statement with the current context in front of it, if it has one and can change a row. In front, because a
 * statement may end in `;` or in `-- a comment`, and because a first comment is for all statements of a string.
 */
export function withComment(sql: string): string {
  return hasComment(sql) || !carriesContext(sql) ? sql : comment() + sql
}

/** Whether a context stands in front of a statement already: of another layer, or of another copy of this package. */
export function hasComment(sql: unknown): boolean {
  return typeof sql === 'string' && sql.startsWith(`/*${options.affix} `)
}
