// The JSON that a POST brings.
import { badRequest, Refusal } from './refusal.js'

const most = 100_000

export async function bodyOf(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size <= most) chunks.push(chunk)
  }
  // Said only now: a browser that is still sending would not hear it.
  if (size > most) throw new Refusal(413, 'size', 'That is too much.')
  return objectIn(Buffer.concat(chunks).toString())
}

function objectIn(text) {
  let value
  try {
    value = JSON.parse(text)
  } catch {
    throw badRequest('The body is no JSON.')
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw badRequest('The body is no JSON object.')
  return value
}
