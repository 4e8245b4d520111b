// Times, as people read them: in their own zone. The server's text has microseconds, and is shown where it matters.

const two = (number) => String(number).padStart(2, '0')

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

/** 17:09:15 */
export function clock(text) {
  const time = new Date(text)
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

/** 2026-11-25 */
export function day(text) {
  const time = new Date(text)
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
}

/** 2026-11-25 17:09:15.123456 */
export const exact = (text) => `${day(text)} ${clock(text)}${text.match(/\.\d+/)?.[0] ?? ''}`

/** Today, Yesterday, or Wednesday, 25 November 2026 */
export function dayName(text) {
  const name = new Date(text).toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
  if (day(text) === day(Date.now())) return `Today, ${name}`
  return day(text) === day(Date.now() - 86_400_000) ? `Yesterday, ${name}` : name
}

const units = [['second', 60], ['minute', 60], ['hour', 24], ['day', 30], ['month', 12], ['year', Infinity]]

/** 3 minutes ago */
export function ago(text) {
  let amount = Math.max(0, (Date.now() - new Date(text)) / 1000)
  for (const [unit, size] of units) {
    if (amount < size) return amount < 5 && unit === 'second' ? 'just now' : `${Math.floor(amount)} ${unit}${Math.floor(amount) === 1 ? '' : 's'} ago`
    amount /= size
  }
}

export const count = (number) => Number(number).toLocaleString('en-US')

/** 5.2 MB */
export function bytes(number) {
  let amount = Number(number)
  for (const unit of ['bytes', 'kB', 'MB', 'GB']) {
    if (amount < 1000 || unit === 'GB') return `${unit === 'bytes' || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${unit}`
    amount /= 1024
  }
}
