// Scopes, without a server.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bemiContext,
  currentBemiContext,
  currentContext,
  mergeBemiContext,
  mergeContext,
  setBemiContext,
  withContext,
  withoutContext,
} from '@bemi/node'
import { pause, range } from './support.js'

/** The warnings with which fn makes the process tell something; each is told once. */
async function warnings(fn) {
  const codes = []
  const listener = ({ code }) => codes.push(code)
  process.on('warning', listener)
  await fn()
  await pause()
  process.off('warning', listener)
  return codes
}

test('a context ends with its scope', async () => {
  assert.equal(currentContext(), undefined)
  const seen = await withContext({ user: 7 }, async () => {
    await pause()
    return currentContext()
  })
  assert.deepEqual(seen, { user: 7 })
  assert.equal(currentContext(), undefined)
})

test('nested scopes: the inner one wins key by key, null removes, undefined says nothing', () => {
  withContext({ user: 7, endpoint: '/todo', job: 'x' }, () => {
    withContext({ endpoint: '/done', job: null, user: undefined }, () => {
      assert.deepEqual(currentContext(), { user: 7, endpoint: '/done' })
      withoutContext(() => assert.equal(currentContext(), undefined))
    })
    assert.deepEqual(currentContext(), { user: 7, endpoint: '/todo', job: 'x' })
  })
})

test('overlapping scopes do not see each other', async () => {
  const seen = await Promise.all(
    range(50).map((user) =>
      withContext({ user }, async () => {
        await pause()
        mergeContext({ merged: user })
        await pause()
        return currentContext()
      }),
    ),
  )
  assert.deepEqual(seen, range(50).map((user) => ({ user, merged: user })))
})

test('a function is asked at each look', () => {
  const request = {}
  withContext(
    () => ({ user: request.user }),
    () => {
      assert.deepEqual(currentContext(), {})
      request.user = 7
      assert.deepEqual(currentContext(), { user: 7 })
    },
  )
})

test('mergeContext() is for the innermost scope, and an error outside of all', () => {
  withContext({ user: 7 }, () => {
    withContext({}, () => {
      mergeContext({ step: 1 })
      mergeContext({ step: 2, user: null })
      assert.deepEqual(currentContext(), { step: 2 })
    })
    assert.deepEqual(currentContext(), { user: 7 })
  })
  assert.throws(() => mergeContext({ step: 1 }), /withContext/)
})

test('what is merged into the outer scope meanwhile is seen in the inner one', async () => {
  await withContext({ user: 7 }, async () => {
    const inner = withContext({ step: 1 }, async () => {
      await pause(5)
      return currentContext()
    })
    mergeContext({ late: true })
    assert.deepEqual(await inner, { user: 7, late: true, step: 1 })
  })
})

test('a builder that starts when it is awaited starts in the scope', async () => {
  class Lazy extends Promise {
    // as postgres.js has them
    then(...args) {
      return Promise.resolve(currentContext()).then(...args)
    }
    static get [Symbol.species]() {
      return Promise
    }
  }
  const builder = { then: (resolve) => resolve(currentContext()) }
  assert.deepEqual(await withContext({ user: 7 }, () => builder), { user: 7 })
  assert.deepEqual(await withContext({ user: 7 }, () => new Lazy(() => {})), { user: 7 })
  const rejects = { then: (_, reject) => reject(new Error('no')) }
  await assert.rejects(async () => await withContext({}, () => rejects), /no/)
})

test('what fn returns or throws is passed on', async () => {
  const object = {}
  assert.equal(withContext({}, () => object), object)
  assert.throws(() => withContext({}, () => { throw new Error('mine') }), /mine/)
  await assert.rejects(withContext({}, async () => { throw new Error('mine') }), /mine/)
})

test('a callback that throws, or that is wrong, costs its own keys only', async () => {
  const wrong = [
    () => { throw new Error('no') },
    async () => ({ user: 8 }),
    async () => { throw new Error('rejected') },
    () => 'text',
    () => [1],
    () => 7,
    () => undefined,
    () => null,
  ]
  const codes = await warnings(() => {
    for (const source of wrong) {
      withContext({ user: 7 }, () => withContext(source, () => assert.deepEqual(currentContext(), { user: 7 })))
    }
  })
  assert.deepEqual(codes, ['BEMI_CALLBACK', 'BEMI_PROMISE', 'BEMI_NO_OBJECT'])
})

test('a callback that looks at the context sees that of the outer scope', () => {
  withContext({ user: 7 }, () =>
    withContext(
      () => ({ seen: currentContext() }),
      () => assert.deepEqual(currentContext(), { user: 7, seen: { user: 7 } }),
    ),
  )
})

test('a getter that throws costs its own key only', () => {
  const context = { user: 7, get broken() { throw new Error('no') } }
  withContext(context, () => assert.deepEqual(currentContext(), { user: 7 }))
})

test('a key __proto__ is a key', () => {
  withContext(JSON.parse('{"__proto__": {"user": 8}}'), () => {
    assert.equal(currentContext().user, undefined)
    assert.deepEqual(Object.keys(currentContext()), ['__proto__'])
  })
})

test('the names of BemiHQ', async () => {
  withContext({ user: 7, step: 1 }, () => {
    bemiContext({ step: 2 })
    mergeBemiContext({ job: 'x' })
    assert.deepEqual(currentBemiContext(), { user: 7, step: 2, job: 'x' })
    withContext({ inner: true }, () => {
      setBemiContext({ only: true })
      assert.deepEqual(currentBemiContext(), { only: true })
    })
    assert.deepEqual(currentBemiContext(), { user: 7, step: 2, job: 'x' })
  })
  const codes = await warnings(async () => {
    for (const enter of [bemiContext, setBemiContext, mergeBemiContext]) {
      await (async () => {
        await pause()
        enter({ user: 7 })
        await pause()
        assert.deepEqual(currentBemiContext(), { user: 7 })
      })()
    }
  })
  assert.deepEqual(codes, ['BEMI_NO_SCOPE'])
  assert.equal(currentContext(), undefined)
})
