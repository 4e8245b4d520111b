// What differs between two texts, word by word.

const words = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^]/gu) ?? []
const mostCells = 250_000

/**
 * Stretches of both texts in order: {kind: 'same' | 'old' | 'new', text}. Where hardly a word is in both, the texts are
 * one stretch each: scattered letters in common explain nothing.
 */
export function diff(before, after) {
  const [old, now] = [words(before), words(after)]
  let head = 0
  while (head < old.length && head < now.length && old[head] === now[head]) head++
  let tail = 0
  while (tail < Math.min(old.length, now.length) - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++
  const middle = between(old.slice(head, old.length - tail), now.slice(head, now.length - tail))
  const same = (list) => ({ kind: 'same', text: list.join('') })
  return join([same(old.slice(0, head)), ...middle, same(tail === 0 ? [] : old.slice(-tail))])
}

function between(old, now) {
  const whole = [{ kind: 'old', text: old.join('') }, { kind: 'new', text: now.join('') }]
  if (old.length * now.length > mostCells) return whole
  const parts = walk(old, now, commonLengths(old, now))
  const common = parts.filter(({ kind }) => kind === 'same').reduce((sum, { text }) => sum + text.trim().length, 0)
  return common * 4 < Math.min(whole[0].text.length, whole[1].text.length) ? whole : parts
}

/** lengths[i][j] is that of the longest common subsequence of what begins at i and at j. */
function commonLengths(old, now) {
  const lengths = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1))
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      lengths[i][j] = old[i] === now[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1])
    }
  }
  return lengths
}

function walk(old, now, lengths) {
  const parts = []
  let [i, j] = [0, 0]
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      parts.push({ kind: 'same', text: old[i++] })
      j++
    } else if (j === now.length || (i < old.length && lengths[i + 1][j] >= lengths[i][j + 1])) parts.push({ kind: 'old', text: old[i++] })
    else parts.push({ kind: 'new', text: now[j++] })
  }
  return parts
}

/** Neighbours of one kind become one; between two stretches in common, what is old comes first. */
function join(parts) {
  const joined = []
  let pending = { old: '', new: '' }
  const flush = () => {
    for (const kind of ['old', 'new']) if (pending[kind] !== '') joined.push({ kind, text: pending[kind] })
    pending = { old: '', new: '' }
  }
  for (const { kind, text } of parts) {
    if (text === '') continue
    if (kind !== 'same') pending[kind] += text
    else if (pending.old === '' && pending.new === '' && joined.at(-1)?.kind === 'same') joined.at(-1).text += text
    else {
      flush()
      joined.push({ kind, text })
    }
  }
  flush()
  return joined
}
