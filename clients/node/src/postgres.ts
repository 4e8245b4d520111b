import { contextJson } from './comment.js'

type Begin = (...args: any[]) => Promise<any>

interface SqlLike {
  begin: Begin
}

/**
 * A transaction of postgres.js that carries the context: `bemiBegin(sql, (sql) => …)`, or with options as begin() takes
 * them. postgres.js prepares each statement by its text, so comments that change would leave one prepared statement
 * each on the server; hence a setting, for as long as the transaction lasts.
 */
export function bemiBegin<T>(sql: SqlLike, ...args: [options: string, fn: (sql: any) => T] | [fn: (sql: any) => T]): Promise<Awaited<T>> {
  const fn = args.pop() as (sql: any) => T
  return sql.begin(...args, async (transaction: any) => {
    await setContext(transaction)
    return fn(transaction)
  })
}

/** A context larger than the server accepts must not fail the transaction: then there is none. */
async function setContext(transaction: any): Promise<void> {
  const json = contextJson()
  if (json === undefined) return
  await transaction`
    SELECT set_config('bemi.context', given.context, true)
    FROM (SELECT ${json}::text AS context) AS given
    WHERE octet_length(context) <= pg_size_bytes(coalesce(nullif(current_setting('bemi.max_context_size', true), ''), '1MB'))`
}
