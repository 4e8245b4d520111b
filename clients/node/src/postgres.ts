import { contextJson } from './comment.js'
import { type ServerCheck, serverCheck } from './server.js'

interface SqlLike {
  begin(...args: any[]): Promise<any>
}

/** What begin() hands to its callback: TransactionSql, without that we need the types of postgres.js. */
type TransactionOf<S> = S extends { begin(options: string, fn: (sql: infer T) => any): any } ? T : any
type Callback<S, R> = (sql: TransactionOf<S>) => R

/** As begin() has it: a list of queries becomes a list of their results. */
type Result<R> = R extends readonly unknown[] ? { [K in keyof R]: Awaited<R[K]> } : Awaited<R>

/**
 * A transaction of postgres.js that carries the context: `bemiBegin(sql, (sql) => …)`, or with options as begin() takes
 * them. postgres.js prepares each statement by its text, so comments that change would leave one prepared statement
 * each on the server; hence a setting, for as long as the transaction lasts.
 */
export function bemiBegin<S extends SqlLike, R>(sql: S, fn: Callback<S, R>): Promise<Result<R>>
export function bemiBegin<S extends SqlLike, R>(sql: S, options: string, fn: Callback<S, R>): Promise<Result<R>>
export function bemiBegin<R>(sql: SqlLike, ...args: any[]): Promise<Result<R>> {
  const fn = args.pop()
  return sql.begin(...args, async (transaction: any) => {
    await setContext(transaction, checkOf(sql))
    const result = fn(transaction)
    return Array.isArray(result) ? Promise.all(result) : result
  })
}

const checks = new WeakMap<object, ServerCheck>()

function checkOf(sql: SqlLike): ServerCheck {
  const check = checks.get(sql) ?? serverCheck()
  checks.set(sql, check)
  return check
}

/** A context larger than the server accepts must not fail the transaction: then there is none. */
async function setContext(transaction: any, check: ServerCheck): Promise<void> {
  const json = contextJson()
  if (json === undefined) return
  await transaction`
    SELECT set_config('bemi.context', given.context, true)
    FROM (SELECT ${json}::text AS context) AS given
    WHERE octet_length(context) <= pg_size_bytes(coalesce(nullif(current_setting('bemi.max_context_size', true), ''), '1MB'))`
  await check({ query: async (text) => ({ rowCount: (await transaction.unsafe(text)).count }) })
}
