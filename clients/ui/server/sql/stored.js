// Where new changes begin: by the time at which the worker stored them, for it stores one batch after the other. Ids do not
// say it: those of a restored history may be higher than what comes now.
import { isTime } from './filter.js'

/** Times of commit are not quite in the order in which changes are stored, but almost. */
const skew = `interval '10 seconds'`
const text = (value) => `to_char(${value}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** `2026-11-25T17:09:15.123456Z~2026-11-25T17:09:14.000000Z`: when the newest change was stored, and committed. */
export async function newestOf(ask, source) {
  const [{ stored, committed }] = await ask(
    `SELECT ${text('max(c.created_at)')} AS stored, ${text('max(c.committed_at)')} AS committed FROM ${source} c
     WHERE c.committed_at >= (SELECT max(m.committed_at) FROM ${source} m) - ${skew}`,
  )
  return `${stored ?? '1970-01-01T00:00:00Z'}~${committed ?? '1970-01-01T00:00:00Z'}`
}

export const isStored = (value) => value.split('~').length === 2 && value.split('~').every(isTime)

/** A condition for what was stored after `last` and up to `newest`, and its values; the first is number `first`. */
export function storedBetween(last, newest, first) {
  const [[after, committed], [until]] = [last.split('~'), newest.split('~')]
  return {
    where: `c.created_at > $${first}::timestamptz AND c.created_at <= $${first + 1}::timestamptz AND c.committed_at >= $${first + 2}::timestamptz - ${skew}`,
    values: [after, until, committed],
  }
}
