import { options } from './options.js'

/** These change no row: transaction control, settings, notifications. A context on them would only be noise. */
const never = new Set(
  ('abort begin checkpoint close commit deallocate discard end listen notify release reset rollback savepoint set show ' +
    'start unlisten').split(' '),
)

/** Reads, as long as they are plain. */
const reads = new Set('declare explain fetch move select table values'.split(' '))

const blank = /[\s(]+/y
const word = /[a-z]+/iy

/** Whether a statement, or one of several in a string, is to carry the context. */
export function carriesContext(sql: string): boolean {
  const keyword = firstWord(sql)
  if (keyword === '') return false
  if (isSeveral(sql)) return true
  if (never.has(keyword)) return false
  return options.statements === 'all' || !reads.has(keyword) || mayWrite(keyword, sql)
}

function firstWord(sql: string): string {
  word.lastIndex = startOf(sql)
  return word.exec(sql)?.[0].toLowerCase() ?? ''
}

/** Skips blanks, comments and the parentheses of `(SELECT …) UNION …`. */
function startOf(sql: string): number {
  let at = (blank.lastIndex = 0)
  while (at < sql.length) {
    if (sql.startsWith('--', at)) at = endOf(sql, '\n', at)
    else if (sql.startsWith('/*', at)) at = endOfComment(sql, at)
    else if (blank.test(sql)) at = blank.lastIndex
    else break
    blank.lastIndex = at
  }
  return at
}

function endOf(sql: string, end: string, from: number): number {
  const at = sql.indexOf(end, from)
  return at < 0 ? sql.length : at + end.length
}

/** Comments nest in SQL. */
function endOfComment(sql: string, from: number): number {
  const bounds = /\/\*|\*\//g
  bounds.lastIndex = from
  let depth = 0
  for (let bound = bounds.exec(sql); bound; bound = bounds.exec(sql)) {
    depth += bound[0] === '/*' ? 1 : -1
    if (depth === 0) return bounds.lastIndex
  }
  return sql.length
}

/** A semicolon with something after it, even in a literal: a context too many does no harm. */
function isSeveral(sql: string): boolean {
  const semicolon = sql.indexOf(';')
  return semicolon >= 0 && sql.slice(semicolon + 1).trim() !== ''
}

/** SELECT … INTO, EXPLAIN ANALYZE, and a SELECT that does nothing but call functions, which may do anything. */
function mayWrite(keyword: string, sql: string): boolean {
  if (keyword === 'explain') return /\banalyze\b/i.test(sql)
  if (keyword !== 'select') return false
  return /\binto\b/i.test(sql) || !/\bfrom\b/i.test(sql) || /\bfrom\s+(?:lateral\s+)?[\w$".]+\s*\(/i.test(sql)
}
