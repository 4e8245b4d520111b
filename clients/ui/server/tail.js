// New changes for whoever watches: one look at the database for all tabs, and only while there are any.
import { readChanges } from './access.js'
import { Refusal } from './refusal.js'
import { listed, newestFirst } from './sql/change.js'
import { newestOf, storedBetween } from './sql/stored.js'

const limits = {
  watchers: 100,
  /** Changes that one event has at most; of more, the newest. */
  changes: 100,
  /** Milliseconds: between two looks, while nobody tells that there is something; and when somebody tells. */
  poll: 500,
  notified: 250,
  idle: 5_000,
  /** Bytes that a slow browser has not taken; it is left out until it has, and closed after a minute. */
  waiting: 1_000_000,
  slow: 60_000,
}

/** What one tab waits for: changes that meet its conditions, and were stored after `last`. */
export class Watcher {
  constructor(response, name, conditions, last) {
    Object.assign(this, { response, name, conditions, last, slowSince: undefined })
  }

  get isReady() {
    const isSlow = this.response.writableLength > limits.waiting
    if (!isSlow) this.slowSince = undefined
    else if (Date.now() - (this.slowSince ??= Date.now()) > limits.slow) this.response.destroy()
    return !isSlow
  }

  send(text) {
    this.response.write(text)
  }
}

export function makeTail(database) {
  const watchers = new Set()
  const bell = makeBell(database, () => schedule(limits.notified))
  let timer
  let dueAt = Infinity
  let isLooking = false

  function schedule(pause) {
    if (watchers.size === 0 || Date.now() + pause >= dueAt) return
    clearTimeout(timer)
    dueAt = Date.now() + pause
    timer = setTimeout(look, pause)
  }

  async function look() {
    dueAt = Infinity
    if (isLooking) return schedule(limits.notified)
    isLooking = true
    try {
      await bell.listen()
      await readChanges(database, (ask, source) => tell(ask, source, [...watchers].filter((each) => each.isReady)))
    } catch (error) {
      // Away: what was missed is told when the server is back.
      if (error instanceof Refusal) for (const { response } of watchers) response.end()
    } finally {
      isLooking = false
      schedule(bell.isListening ? limits.idle : limits.poll)
    }
  }

  return {
    add(watcher) {
      if (watchers.size >= limits.watchers) throw new Refusal(503, 'busy', 'Too many tabs are watching.', 'Close some.')
      watchers.add(watcher)
      watcher.response.on('close', () => {
        watchers.delete(watcher)
        if (watchers.size === 0) bell.close()
      })
      schedule(0)
    },
    close() {
      clearTimeout(timer)
      for (const { response } of watchers) response.end()
      bell.close()
    },
  }
}

async function tell(ask, source, watchers) {
  const newest = await newestOf(ask, source)
  for (const group of grouped(watchers).values()) {
    const [{ conditions, last }] = group
    if (last === newest) continue
    const text = last === undefined ? '' : await news(ask, source, conditions, last, newest)
    for (const watcher of group) {
      watcher.last = newest
      watcher.send(`id: ${newest}\n${text}\n`)
    }
  }
}

const groupName = ({ name, last }) => `${last} ${name}`

function grouped(watchers) {
  const groups = new Map()
  for (const watcher of watchers) groups.set(groupName(watcher), [...(groups.get(groupName(watcher)) ?? []), watcher])
  return groups
}

async function news(ask, source, { where, values }, last, newest) {
  const stored = storedBetween(last, newest, values.length + 1)
  const rows = await ask(`SELECT ${listed} AS json FROM ${source} c WHERE ${where} AND ${stored.where} ${newestFirst} LIMIT ${limits.changes + 1}`, [
    ...values,
    ...stored.values,
  ])
  if (rows.length === 0) return ''
  const shown = rows.slice(0, limits.changes).map(({ json }) => json.replaceAll('\n', ' '))
  return `data: {"changes":[${shown.join(',')}],"isCut":${rows.length > limits.changes}}\n`
}

/** Rings when the worker has stored something, where the server tells; elsewhere it is silent. */
function makeBell(database, ring) {
  let client
  let refused = false
  return {
    get isListening() {
      return client !== undefined
    },
    async listen() {
      if (client !== undefined || refused) return
      const next = await database.connect()
      try {
        await next.query('SELECT bemi.listen()')
        next.on('notification', ring)
        next.on('end', () => (client = undefined))
        client = next
      } catch {
        refused = true // no such function, or not for this role
        await next.end()
      }
    },
    close() {
      client?.end().catch(() => {})
      client = undefined
      refused = false
    },
  }
}
