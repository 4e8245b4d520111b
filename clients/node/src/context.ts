import { AsyncLocalStorage } from 'node:async_hooks'
import { warnOnce } from './warn.js'

/** Who is at work: `{ userId: 7, endpoint: '/todo' }`. The server stores it as a JSON object with every change. */
export type Context = Record<string, unknown>

/** A context, or a function that is asked for it anew at each write. */
export type Source = Context | (() => Context | undefined)

/** All copies of this package in a process share scopes, whatever their versions: the shape belongs to the key v1. */
export interface Scope {
  outer?: Scope | undefined
  source: Source
  patch?: Context | undefined
}

const key = Symbol.for('bemi.context.v1')
const shared = globalThis as { [key]?: AsyncLocalStorage<Scope | undefined> }

export const scopes: AsyncLocalStorage<Scope | undefined> = (shared[key] ??= new AsyncLocalStorage())

/**
 * Runs fn, and all that it starts, with this context. Within another scope the keys of both count: the inner one wins
 * key by key, and null removes a key.
 */
export function withContext<T>(source: Source, fn: () => T): T {
  return scopes.run({ outer: scopes.getStore(), source }, () => started(fn()))
}

/** Runs fn without any context. */
export function withoutContext<T>(fn: () => T): T {
  return scopes.run(undefined, () => started(fn()))
}

/** Adds keys to the context of the scope that we are in. Null removes a key. */
export function mergeContext(patch: Context): void {
  const scope = scopes.getStore()
  if (!scope) {
    throw new Error('mergeContext() needs a scope to merge into: call it within withContext(), or behind setContext()')
  }
  scope.patch = { ...scope.patch, ...patch }
}

/** The context that a write would carry now; undefined outside of all scopes. */
export function currentContext(): Context | undefined {
  const scope = scopes.getStore()
  if (!scope) return undefined
  const merged = new Map<string, unknown>()
  mergeScope(merged, scope)
  return Object.fromEntries(merged)
}

type Method = (...args: any[]) => any

/**
 * The function, as if it were called in the scope that we are in. AsyncLocalStorage.bind() would keep the context of
 * every other library as well, at fifty times the cost; those see what they see without us.
 */
export function bound<F extends Method>(fn: F): F {
  const scope = scopes.getStore()
  return function (this: unknown, ...args: unknown[]) {
    return scopes.run(scope, () => fn.apply(this, args))
  } as F
}

/** Query builders start when somebody awaits them, which may be after the scope: start them inside. */
function started<T>(result: T): T {
  if (!isThenable(result) || result.then === Promise.prototype.then) return result
  return new Promise((resolve, reject) => result.then(resolve, reject)) as T
}

function mergeScope(merged: Map<string, unknown>, scope: Scope): void {
  if (scope.outer) mergeScope(merged, scope.outer)
  mergePart(merged, evaluate(scope))
  mergePart(merged, scope.patch)
}

/** Whatever a callback does, the write goes on without its keys. What it writes itself is the outer scope's. */
function evaluate({ source, outer }: Scope): Context | undefined {
  if (typeof source !== 'function') return objectOnly(source)
  try {
    return objectOnly(scopes.run(outer, source))
  } catch (error) {
    warnOnce('BEMI_CALLBACK', `a callback for the context threw, so writes lack its keys: ${String(error)}`)
    return undefined
  }
}

function objectOnly(value: unknown): Context | undefined {
  if (isThenable(value)) {
    value.then(undefined, () => {}) // its rejection must not end the process
    warnOnce('BEMI_PROMISE', 'a callback for the context returned a promise, so writes lack its keys: make it synchronous')
    return undefined
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    if (value !== undefined && value !== null) warnOnce('BEMI_NO_OBJECT', 'a context that is not an object is ignored')
    return undefined
  }
  return value as Context
}

function mergePart(merged: Map<string, unknown>, part: Context | undefined): void {
  for (const name of Object.keys(part ?? {})) {
    const value = read(part as Context, name)
    if (value === null) merged.delete(name)
    else if (value !== undefined) merged.set(name, value)
  }
}

/** The value of a property; undefined where its getter throws. */
export function read(object: object, name: string): unknown {
  try {
    return (object as Context)[name]
  } catch {
    return undefined
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
