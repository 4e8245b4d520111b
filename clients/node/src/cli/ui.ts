import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Starts the audit UI, which is a package of its own, with the rest of the command line. */
export async function ui(args: string[]): Promise<void> {
  const { run } = await import(pathToFileURL(installed()).href)
  await run(args)
}

function installed(): string {
  try {
    return createRequire(join(process.cwd(), 'package.json')).resolve('@bemi/ui/cli')
  } catch {
    throw new Error('this needs the audit UI in your project: npm install ./bemi-ui-1.0.0.tgz, which npm pack makes in clients/ui')
  }
}
