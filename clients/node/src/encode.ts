import type { Context } from './context.js'
import { memberJson, quoted, TooLarge } from './json.js'
import { options } from './options.js'
import { warnOnce } from './warn.js'

interface Member {
  name: string
  text: string
}

/** The context as JSON of at most maxBytes; undefined where nothing is to be said. */
export function encode(context: Context): string | undefined {
  const dropped: string[] = []
  const members: Member[] = []
  for (const [name, value] of Object.entries(withTraceparent(context))) {
    const text = member(name, value)
    if (text === null) dropped.push(name)
    else if (text !== undefined) members.push({ name, text })
  }
  const kept = fit(members, dropped)
  if (dropped.length > 0) {
    kept.push({ name: 'bemi.dropped', text: droppedMember(dropped) })
    report(dropped, context)
  }
  return kept.length > 0 ? `{${kept.map(({ text }) => text).join(', ')}}` : undefined
}

/** A key and its value; undefined where JSON has none, null where it is too large by itself. */
function member(name: string, value: unknown): string | undefined | null {
  try {
    return memberJson(name, value, options.maxBytes)
  } catch (error) {
    if (error instanceof TooLarge) return null
    throw error
  }
}

/** The members in their order without the largest ones, which are added to those dropped, until the rest fits. */
function fit(members: Member[], dropped: string[]): Member[] {
  const size = ({ text }: Member) => text.length + ', '.length
  let total = members.reduce((sum, each) => sum + size(each), 0)
  let note = droppedMember(dropped)
  const gone = new Set<Member>()
  for (const largest of members.toSorted((a, b) => size(b) - size(a))) {
    if (total + note.length <= options.maxBytes) break
    gone.add(largest)
    dropped.push(largest.name)
    total -= size(largest)
    if (dropped.length <= namedAtMost) note = droppedMember(dropped)
  }
  return members.filter((each) => !gone.has(each))
}

/** Names may be as large as values, and as many: so many of them lead to the place in the application. */
const namedAtMost = 10

function droppedMember(dropped: string[]): string {
  if (dropped.length === 0) return ''
  const names = dropped.slice(0, namedAtMost).map((name) => quoted(name.slice(0, 63)))
  return `"bemi.dropped": [${names.join(', ')}]`
}

function withTraceparent(context: Context): Context {
  const { traceparent } = options
  try {
    const value = traceparent?.()
    return value ? { ...context, traceparent: value } : context
  } catch (error) {
    warnOnce('BEMI_TRACEPARENT', `traceparent() threw: ${String(error)}`)
    return context
  }
}

function report(dropped: string[], context: Context): void {
  try {
    options.onDrop?.(dropped, context)
  } catch (error) {
    warnOnce('BEMI_ON_DROP', `onDrop() threw: ${String(error)}`)
  }
}
