import { contextJson } from './comment.js'

export { instrumentPool } from './pg.js'

/**
 * For Prisma's option `comments`, where its pool cannot be instrumented: the context travels in a comment as sqlcommenter
 * writes them, which the server reads where `bemi.sqlcommenter` has the key `bemi`.
 */
export function bemiComments(): Record<string, string> {
  const json = contextJson()
  return json === undefined ? {} : { bemi: json }
}
