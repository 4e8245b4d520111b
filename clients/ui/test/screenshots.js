// Makes the pictures of the documentation: node screenshots.js FOLDER, where the shop of `make ui` is.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { chromium } from 'playwright-core'
import { start } from '../server/start.js'

const folder = process.argv[2]
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 400, height: 800 } }

const database = new pg.Client()
await database.connect()
const one = async (text) => Object.values((await database.query(text)).rows[0])[0]

/** What the pages are of. */
const now = new Date(await one("SELECT date_trunc('minute', now())"))
const mistake = await one(`SELECT transaction_id FROM bemi.changes WHERE context @> '{"endpoint": "PUT /admin/prices"}' LIMIT 1`)
const fox = await one(`SELECT id FROM bemi.changes WHERE "table" = 'todo' AND primary_key = '1027' AND operation = 'UPDATE'`)
const order = await one(`SELECT transaction_id FROM bemi.changes WHERE context @> '{"endpoint": "POST /orders"}' ORDER BY id DESC LIMIT 1 OFFSET 60`)
const day = new Date(now - 120 * 60_000).toISOString()

const pages = [
  { name: 'timeline', path: '/' },
  { name: 'timeline-dark', path: '/?table=products&table=todo', scheme: 'dark' },
  { name: 'record', path: '/record/shop/products/SKU-0007' },
  { name: 'change', path: `/change/${fox}` },
  { name: 'transaction', path: `/tx/${mistake}` },
  { name: 'as-of', path: `/as-of/shop/products?at=${encodeURIComponent(day)}&changed=` },
  { name: 'revert', path: `/revert?transaction=${order}` },
  { name: 'tables', path: '/tables' },
  { name: 'status', path: '/status' },
  { name: 'narrow', path: '/', size: 'narrow' },
]

const { address, close } = await start({ url: `postgresql://${process.env.PGUSER}@/${process.env.PGDATABASE}?host=${encodeURIComponent(process.env.PGHOST)}` })
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--font-render-hinting=none', '--hide-scrollbars'] })
mkdirSync(folder, { recursive: true })
try {
  for (const page of pages) await take(page)
} finally {
  await browser.close()
  await close()
  await database.end()
}

/** With the clock of the shop, in one time zone, and nothing that moves. */
async function take({ name, path, scheme = 'light', size = 'wide' }) {
  const context = await browser.newContext({ viewport: sizes[size], colorScheme: scheme, reducedMotion: 'reduce', timezoneId: 'UTC', locale: 'en-GB' })
  const page = await context.newPage()
  await page.clock.setFixedTime(now)
  await page.goto(address)
  await page.waitForURL((url) => url.search === '')
  await page.goto(new URL(path, address).href)
  await page.waitForLoadState('networkidle')
  await page.locator('main h1').first().waitFor({ state: 'attached' })
  await page.waitForFunction(() => document.querySelector('.loading') === null)
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
  await context.close()
}
