// Debian's Chromium, and pages in it that are signed in and must not complain.
import { after } from 'node:test'
import { chromium } from 'playwright-core'

let browser

export async function openBrowser() {
  browser ??= await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  return browser
}
after(() => browser?.close())

/**
 * A page at a path of a bemi-ui. `problems` has what the page complained of: errors of scripts, and what the content
 * security policy refused. Answers that are errors are none: browsers report them to the console too.
 */
export async function openPage(ui, path, { width = 1280, height = 900, colorScheme = 'light' } = {}) {
  const context = await (await openBrowser()).newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.problems = []
  page.on('pageerror', (error) => page.problems.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.problems.push(message.text())
  })
  await page.goto(ui.address)
  await page.waitForURL(`${ui.origin}/`)
  return visit(page, ui, path)
}

export async function visit(page, ui, path) {
  await page.goto(ui.origin + path)
  await page.waitForSelector('main :is(h1, h2)')
  return page
}
