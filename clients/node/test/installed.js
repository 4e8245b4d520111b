// A package as users get it: packed, and installed into an empty project outside of the tree, without a network.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const run = promisify(execFile)

/** Installs the package of the folder; resolves to the folder of the project. */
export async function install(source) {
  const project = await mkdtemp(join(tmpdir(), 'bemi-'))
  // Debian's npm needs Debian's node.
  const npm = (cwd, ...args) => run('/usr/bin/node', ['/usr/bin/npm', ...args, '--cache', join(project, '.cache')], { cwd })
  const { name, version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'))
  await npm(source, 'pack', '--pack-destination', project)
  await writeFile(join(project, 'package.json'), '{"private": true}')
  await npm(project, 'install', '--no-audit', '--no-fund', '--offline', `./${name.slice(1).replace('/', '-')}-${version}.tgz`)
  return project
}
