const told = new Set<string>()

/** Warns by Node's own channel, once a process for each code: a log full of the same line helps nobody. */
export function warnOnce(code: string, message: string): void {
  if (told.has(code)) return
  told.add(code)
  process.emitWarning(message, { type: 'BemiWarning', code })
}
