// The files of the pages, read once: no path of a request ever reaches the file system.
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../public', import.meta.url))
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const assets = new Map(
  readdirSync(folder, { recursive: true })
    .filter((name) => types[extname(name)])
    .map((name) => [`/${name.split(sep).join('/')}`, { type: types[extname(name)], bytes: readFileSync(join(folder, name)) }]),
)

export const findAsset = (path) => assets.get(path)

/** The addresses of pages. All are one file, which looks at the address. */
export const isPage = (path) => path === '/' || /^\/(record|tx|change|as-of|revert)\/|^\/(tables|status|as-of|revert)$/.test(path)
