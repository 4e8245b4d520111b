// Who cannot see well, or has no mouse, or is made ill by what moves.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import axe from 'axe-core'
import { chromium } from 'playwright-core'
import { openShop } from './shop.js'
import { startUi } from './support.js'

const { name, client } = await openShop('accessibility', 40)
const ui = await startUi({ name })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
after(() => browser.close())

const one = async (text) => Object.values((await client.query(text)).rows[0])[0]
const mistake = await one(`SELECT transaction_id FROM bemi.changes WHERE context @> '{"endpoint": "PUT /admin/prices"}' LIMIT 1`)
const fox = await one(`SELECT id FROM bemi.changes WHERE "table" = 'todo' AND primary_key = '1027' AND operation = 'UPDATE'`)
const before = await one(`SELECT to_char(min(committed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM bemi.changes WHERE transaction_id = ${mistake}`)

const paths = [
  '/',
  '/?ctx=user_id:187234&table=todo',
  '/?q=nowhere&last=hour',
  '/record/shop/products/SKU-0007',
  `/change/${fox}`,
  `/tx/${mistake}`,
  '/tables',
  '/as-of',
  `/as-of/shop/products?at=${encodeURIComponent(before)}&changed=`,
  `/revert?transaction=${mistake}`,
  '/status',
  '/record/shop/products/none',
  '/change/00000000-0000-0000-0000-000000000000',
]

async function open(path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  await page.goto(ui.address)
  await page.waitForURL((url) => url.search === '')
  await visit(page, path)
  return page
}

async function visit(page, path) {
  await page.goto(ui.origin + path)
  await page.locator('main :is(h1, h2)').first().waitFor({ state: 'attached' })
  await page.waitForLoadState('networkidle')
  await page.waitForFunction(() => document.querySelector('.loading') === null)
}

for (const colorScheme of ['light']) {
  test(`roles, labels and contrast (${colorScheme})`, async () => {
    const page = await open('/', { colorScheme })
    for (const path of paths) {
      await visit(page, path)
      await page.evaluate(axe.source)
      const { violations, passes } = await page.evaluate(() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], rules: { 'page-has-heading-one': { enabled: false } } }))
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join('\n')}`)
      assert.deepEqual(found, [], path)
      assert.ok(passes.some(({ id }) => id === 'color-contrast'), `${path} has text`)
    }
    await page.context().close()
  })
}

test('from a change to its record and back without a mouse', async () => {
  const page = await open('/?last=all')
  const isOn = () => page.evaluate(() => document.activeElement?.matches('[data-item]'))
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  assert.ok(await isOn(), 'j goes to the next')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/(tx|record|change)\//)
  await page.keyboard.press('g')
  await page.waitForURL(/\/tables$/)
  await page.keyboard.press('s')
  await page.waitForURL(/\/status$/)
  await page.keyboard.press('t')
  await page.waitForURL((url) => url.pathname === '/')
  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.keyboard.press('/')
  await page.keyboard.type('user_id:187234')
  await page.keyboard.press('Enter')
  await page.waitForURL(/ctx=user_id:187234/)
  await page.context().close()
})

test('nothing moves for who does not want it', async () => {
  const page = await open('/')
  for (const path of paths) {
    await visit(page, path)
    const moving = await page.evaluate(() => {
      const lasts = (text) => text.split(',').some((each) => parseFloat(each) * (each.trim().endsWith('ms') ? 1 : 1000) > 1)
      const moves = (each) => {
        const { animationName, animationDuration, transitionDuration, scrollBehavior } = getComputedStyle(each)
        return (animationName !== 'none' && lasts(animationDuration)) || lasts(transitionDuration) || scrollBehavior === 'smooth'
      }
      return [...document.querySelectorAll('*')].filter(moves).map((each) => each.outerHTML.slice(0, 150))
    })
    assert.deepEqual(moving, [], path)
  }
  await page.context().close()
})

for (const width of [320, 400, 3840]) {
  test(`nothing is cut off at ${width} pixels`, async () => {
    const page = await open('/', { viewport: { width, height: 800 } })
    for (const path of paths) {
      await visit(page, path)
      const wide = await page.evaluate(() => {
        const { clientWidth, scrollWidth } = document.documentElement
        if (scrollWidth <= clientWidth) return []
        return [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > clientWidth + 1 && !each.closest('.scroll')).map((each) => each.outerHTML.slice(0, 100)).slice(0, 5)
      })
      assert.deepEqual(wide, [], path)
    }
    await page.context().close()
  })
}
