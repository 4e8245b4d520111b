import { styleText } from 'node:util'
import { withContext } from '../context.js'
import { instrumentPool } from '../pg.js'
import { withPool } from './database.js'

interface Finding {
  check: string
  ok: boolean
  severity: string | null
  found: string | null
  fix: string | null
}

const isColoured = process.stdout.isTTY && !process.env.NO_COLOR
const coloured: typeof styleText = (style, text) => (isColoured ? styleText(style, text) : text)

/** Prints what bemi.doctor() finds, and whether contexts arrive; the exit status is 1 if something is wrong. */
export function doctor(url: string | undefined): Promise<number> {
  return withPool(url, async (pool) => {
    const findings = [...(await serverFindings(pool)), await selfTest(pool)]
    for (const finding of findings) console.log(describe(finding))
    return findings.every(({ ok }) => ok) ? 0 : 1
  })
}

async function serverFindings(pool: any): Promise<Finding[]> {
  try {
    return (await pool.query('SELECT "check", ok, severity, found, fix FROM bemi.doctor()')).rows
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === '3F000' || code === '42883') return [wrong('extension', message, 'CREATE EXTENSION bemi;')]
    if (code === '42501') return [wrong('privileges', message, 'GRANT pg_monitor TO CURRENT_ROLE; -- as superuser')]
    throw error
  }
}

const wrong = (check: string, found: string, fix: string | null): Finding => ({ check, ok: false, severity: 'error', found, fix })

/** Two scopes wait for connections beside each other, as in an application. */
async function selfTest(pool: any): Promise<Finding> {
  const check = 'package'
  instrumentPool(pool)
  const seen = (self_test: number) =>
    withContext({ self_test }, async () => (await pool.query('SELECT bemi.current_context() AS context')).rows[0].context)
  try {
    const contexts = await Promise.all([1, 2, 3, 4].map(seen))
    const isRight = contexts.every((context, index) => context?.self_test === index + 1)
    if (isRight) return { check, ok: true, severity: null, found: 'contexts arrive', fix: null }
    return wrong(check, `the server sees ${JSON.stringify(contexts)}: is bemi.comment_affix another than here?`, null)
  } catch (error) {
    return wrong(check, (error as Error).message, null)
  }
}

function describe({ check, ok, severity, found, fix }: Finding): string {
  const mark = ok ? coloured('green', '✔') : coloured(severity === 'warning' ? 'yellow' : 'red', '✘')
  const lines = [`${mark} ${coloured('bold', check)}${found ? `: ${found}` : ''}`]
  if (!ok && fix) lines.push(...fix.split('\n').map((line) => `    ${line}`))
  return lines.join('\n')
}
