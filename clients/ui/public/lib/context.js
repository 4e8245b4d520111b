// Which part of a context says who, where and why.

const persons = ['user', 'user_id', 'userId', 'user_email', 'email', 'username', 'user_name', 'actor', 'who', 'admin', 'customer_id']
const places = ['method', 'endpoint', 'path', 'url', 'job', 'worker', 'command', 'controller', 'action', 'route']

/** Pairs of a context, the most telling first; `method` and `endpoint` are one. */
export function pairsOf(context) {
  const rest = new Map(Object.entries(context ?? {}))
  const take = (names) => names.filter((name) => rest.has(name)).map((name) => [name, takeFrom(rest, name)])
  const who = take(persons)
  const where = take(places)
  return [...who, ...joined(where), ...rest]
}

function takeFrom(map, name) {
  const value = map.get(name)
  map.delete(name)
  return value
}

const joined = (pairs) => {
  const { method, endpoint, ...rest } = Object.fromEntries(pairs)
  if (typeof method !== 'string' || typeof endpoint !== 'string') return pairs
  return [['endpoint', endpoint, method], ...Object.entries(rest)]
}
