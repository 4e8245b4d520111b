// Where changes are taken back.
import { withQuery } from './router.js'

const quoted = (name) => `"${name.replaceAll('"', '""')}"`

export const relationOf = ({ schema, table }) => `${quoted(schema)}.${quoted(table)}`

/** selector: the arguments of bemi.revert(). */
export const revertLink = (selector) => `/revert${withQuery('', selector)}`
