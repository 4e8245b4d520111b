import { type Context, currentContext, mergeContext, scopes } from './context.js'
import { warnOnce } from './warn.js'

/** Adds keys to the current context. Prefer withContext(), which says where the context ends. */
export function bemiContext(context: Context): void {
  if (scopes.getStore()) mergeContext(context)
  else enter(context)
}

/** Replaces the current context, also what outer scopes say. */
export function setBemiContext(context: Context): void {
  const scope = scopes.getStore()
  if (scope) Object.assign(scope, { outer: undefined, source: context, patch: undefined })
  else enter(context)
}

export { bemiContext as mergeBemiContext, currentContext as currentBemiContext }

/** From here on there is no telling where the context ends: at the end of whatever runs now. */
function enter(context: Context): void {
  warnOnce(
    'BEMI_NO_SCOPE',
    'bemiContext() outside of a scope lasts until the end of the present asynchronous call, whatever else runs in it: ' +
      'use withContext(context, fn), or setContext() as a middleware',
  )
  scopes.enterWith({ source: context })
}
