// The tables that are tracked, and those that changed lately.
import { readChanges } from '../access.js'

const mostCounted = 20_000

/** GET /api/tables */
export async function tables({ database }) {
  return readChanges(database, async (ask, source, { can }) => {
    const tracked = can.has_tracked_tables
      ? `SELECT n.nspname AS schema, c.relname AS "table", t.level, c.reltuples::bigint AS rows, t.problems::text AS problems
         FROM (SELECT to_jsonb(t) ->> 'level' AS level, to_jsonb(t) -> 'problems' AS problems, t.relation FROM bemi.tracked_tables t) t
         JOIN pg_class c ON c.oid = t.relation JOIN pg_namespace n ON n.oid = c.relnamespace`
      : `SELECT NULL::text AS schema, NULL::text AS "table", NULL::text AS level, NULL::bigint AS rows, NULL::text AS problems WHERE false`
    const [{ json }] = await ask(
      `WITH recent AS (SELECT c.schema, c."table", c.committed_at FROM ${source} c ORDER BY c.committed_at DESC LIMIT ${mostCounted}),
            lately AS (SELECT schema, "table", count(*) AS number, max(committed_at) AS last FROM recent GROUP BY 1, 2),
            tracked AS (${tracked})
       SELECT json_build_object('counted', (SELECT count(*) FROM recent),
         'since', (SELECT to_char(min(committed_at), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM recent),
         'tables', coalesce(json_agg(json_build_object('schema', schema, 'table', "table", 'level', t.level, 'rows', t.rows, 'problems', t.problems,
           'number', coalesce(l.number, 0), 'last', to_char(l.last, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) ORDER BY schema, "table"), '[]'))::text AS json
       FROM tracked t FULL JOIN lately l USING (schema, "table")`,
    )
    return json
  })
}
