-- The past of a table, from its present rows and the changes since.

CREATE FUNCTION bemi.estimate_rows(internal) RETURNS internal
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_estimate_rows';
COMMENT ON FUNCTION bemi.estimate_rows(internal) IS 'Internal: tells the planner how many rows bemi.as_of() returns.';

CREATE FUNCTION bemi.keys_of(relation oid, VARIADIC "values" "any") RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'bemi_keys_of';
COMMENT ON FUNCTION bemi.keys_of(oid, "any") IS
    'Internal: the argument keys of bemi.as_of(), which the planner makes of conditions on the primary key.';

CREATE FUNCTION bemi.as_of(
    rowtype anyelement, at timestamptz DEFAULT NULL, lsn pg_lsn DEFAULT NULL, transaction bigint DEFAULT NULL,
    change uuid DEFAULT NULL, mark text DEFAULT NULL, keys text[] DEFAULT NULL) RETURNS SETOF anyelement
    LANGUAGE c SUPPORT bemi.estimate_rows COST 10000 SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_as_of';
COMMENT ON FUNCTION bemi.as_of(anyelement, timestamptz, pg_lsn, bigint, uuid, text, text[]) IS
    'The rows of a table, all or those with the given keys, as they were at a moment: SELECT * FROM bemi.as_of(NULL::todo, ''2026-11-01'').';

CREATE FUNCTION bemi.rows_as_of(
    relation oid, at timestamptz DEFAULT NULL, lsn pg_lsn DEFAULT NULL, transaction bigint DEFAULT NULL,
    change uuid DEFAULT NULL, mark text DEFAULT NULL, keys text[] DEFAULT NULL) RETURNS TABLE (key text, row_data jsonb)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_rows_as_of';
COMMENT ON FUNCTION bemi.rows_as_of(oid, timestamptz, pg_lsn, bigint, uuid, text, text[]) IS
    'Internal: the rows that bemi.as_of() returns, as JSON.';

CREATE FUNCTION bemi.versions(
    rowtype anyelement, since timestamptz, until timestamptz DEFAULT NULL, keys text[] DEFAULT NULL)
    RETURNS TABLE (version anyelement, valid tstzrange, operation text, context jsonb, change uuid)
    LANGUAGE c SUPPORT bemi.estimate_rows COST 10000 SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_versions';
COMMENT ON FUNCTION bemi.versions(anyelement, timestamptz, timestamptz, text[]) IS
    'All versions that the rows of a table, or those with the given keys, had in a time: each version, the time in which it was valid, and the operation, the context and the change that made it.';
