// What this server has, and what the role may read there.
import { Refusal } from './refusal.js'

const question = `
  SELECT current_user AS role, current_database() AS database, current_setting('server_version') AS version,
         inet_server_addr()::text AS address, pg_is_in_recovery() AS is_standby,
         (SELECT e.extversion FROM pg_extension e WHERE e.extname = 'bemi') AS bemi,
         has_table_privilege(to_regclass('bemi.changes'), 'SELECT') AS reads_all,
         has_table_privilege(to_regclass('bemi.readable_changes'), 'SELECT') AS reads_some,
         has_table_privilege(to_regclass('bemi.status'), 'SELECT') AS reads_status,
         has_table_privilege(to_regclass('bemi.metrics'), 'SELECT') AS reads_metrics,
         has_table_privilege(to_regclass('bemi.gaps'), 'SELECT') AS reads_gaps,
         has_table_privilege(to_regclass('bemi.errors'), 'SELECT') AS reads_errors,
         has_table_privilege(to_regclass('bemi.moved_keys'), 'SELECT') AS reads_moved_keys,
         has_table_privilege(to_regclass('bemi.marks'), 'SELECT') AS reads_marks,
         to_regclass('bemi.tracked_tables') IS NOT NULL AS has_tracked_tables,
         (SELECT has_function_privilege(p.oid, 'EXECUTE') FROM pg_proc p
          WHERE p.pronamespace = to_regnamespace('bemi') AND p.proname = 'doctor' LIMIT 1) AS calls_doctor,
         EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = to_regnamespace('bemi') AND p.proname = 'as_of') AS has_as_of,
         EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = to_regnamespace('bemi') AND p.proname = 'revert') AS has_revert,
         to_regprocedure('bemi.listen()') IS NOT NULL AS has_listen,
         (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = to_regclass('bemi.changes')
          AND a.attname IN ('commit_position', 'sequence') AND NOT a.attisdropped) = 2 AS is_current`

const isTrue = (value) => value === 't'

/** Asks query() for all of this. */
export async function accessOf(query) {
  const [{ role, database, version, address, bemi, ...flags }] = await query(question)
  const can = Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, isTrue(value)]))
  return { role, database, version, address, bemi, can }
}

/** The relation with the changes that the role may read; what to do, where there is none. */
export function sourceOf({ role, database, bemi, can }) {
  if (bemi === null) {
    throw new Refusal(404, 'no_bemi', `The database ${database} has no extension bemi.`, 'CREATE EXTENSION bemi;')
  }
  if (!can.is_current) {
    throw new Refusal(404, 'old_bemi', `bemi ${bemi} in the database ${database} is older than this page.`, 'ALTER EXTENSION bemi UPDATE;')
  }
  if (can.reads_all) return 'bemi.changes'
  if (can.reads_some) return 'bemi.readable_changes'
  throw new Refusal(403, '42501', `The role ${role} may not read the history.`, grant('bemi.changes', role))
}

export const grant = (relation, role) => `GRANT SELECT ON ${relation} TO ${quoteIdentifier(role)};`

export const quoteIdentifier = (name) => `"${name.replaceAll('"', '""')}"`

/** Runs fn(query, source, access) where the role may read changes. */
export const readChanges = (database, fn) =>
  database.read(async (query) => {
    const access = await accessOf(query)
    return fn(query, sourceOf(access), access)
  })
