// What goes wrong, as the API says it: {error, code, hint}.

export class Refusal extends Error {
  constructor(status, code, message, hint) {
    super(message)
    Object.assign(this, { status, code, hint })
  }
}

export const badRequest = (message, hint) => new Refusal(400, '22023', message, hint)

const noServer = (error) => new Refusal(503, error.code ?? '08006', 'The database does not answer.', error.message)

/** Whether the connection is lost, or there is none to be had. */
const isAway = ({ code, message = '' }) =>
  /^(08|57P0|53300|28)/.test(code ?? '') ||
  ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EACCES'].includes(code) ||
  /^(Connection terminated|Client has encountered a connection error|Query read timeout)/i.test(message)

const statusOf = (code = '') => {
  if (code === '42501') return 403
  if (code === '42P01' || code === '42704' || code === '3F000') return 404
  if (/^(22|42)/.test(code)) return 400
  if (/^(55|25|23|40|0A|P0)/.test(code)) return 409
  return 500
}

/** The refusal that an error of the database, or our own, amounts to. */
export function refusalOf(error) {
  if (error instanceof Refusal) return error
  if (isAway(error)) return noServer(error)
  const { code, message, hint, detail } = error
  if (message === 'timeout exceeded when trying to connect') return new Refusal(503, 'busy', 'Too many questions wait for the database.', 'Close some tabs.')
  if (code === '57014') {
    return new Refusal(504, code, 'The database took too long, so bemi-ui has stopped it.', 'Choose a shorter time, or a table.')
  }
  if (code === undefined || code.length !== 5) return new Refusal(500, 'internal', 'bemi-ui has failed.', message)
  return new Refusal(statusOf(code), code, message, [detail, hint].filter(Boolean).join(' ') || undefined)
}

export const bodyOf = ({ message, code, hint }) => JSON.stringify({ error: message, code, hint: hint ?? null })
