-- Tracking. The functions have a search_path of their own, because they run SQL, partly as the owner of the extension.

CREATE FUNCTION bemi.emit_context() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_emit_context';
COMMENT ON FUNCTION bemi.emit_context() IS
    'Internal: the trigger on every tracked table. It writes the context to the WAL if it differs from the last one written.';

CREATE FUNCTION bemi.track(target regclass, level text DEFAULT NULL, require_context text DEFAULT NULL,
                           baseline boolean DEFAULT false, ignore_columns text[] DEFAULT NULL, exclude_columns text[] DEFAULT NULL,
                           redact_columns text[] DEFAULT NULL, skip_unchanged boolean DEFAULT NULL, retention interval DEFAULT NULL) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track';
COMMENT ON FUNCTION bemi.track(regclass, text, text, boolean, text[], text[], text[], boolean, interval) IS
    'Tracks a table with its partitions and children: triggers of level ''row'' or ''statement'', REPLICA IDENTITY FULL; require_context: what a write without a context gets; ignore_columns, exclude_columns, redact_columns: patterns for columns whose values are not to be stored, or whose changes do not count; skip_unchanged: an UPDATE that changes nothing is no change; retention: how long its changes are kept, 0 for as long as bemi.retention says. Options that are not given stay as they are. baseline: the rows that are there are stored, as by bemi.baseline().';

CREATE FUNCTION bemi.untrack(target regclass) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_untrack';
COMMENT ON FUNCTION bemi.untrack(regclass) IS
    'Ends the tracking of a table: drops the triggers, and sets the former replica identity again.';

CREATE FUNCTION bemi.track_schema(target regnamespace, level text DEFAULT NULL, require_context text DEFAULT NULL,
                                  baseline boolean DEFAULT false, ignore_columns text[] DEFAULT NULL, exclude_columns text[] DEFAULT NULL,
                                  redact_columns text[] DEFAULT NULL, skip_unchanged boolean DEFAULT NULL, retention interval DEFAULT NULL) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track_schema';
COMMENT ON FUNCTION bemi.track_schema(regnamespace, text, text, boolean, text[], text[], text[], boolean, interval) IS
    'Tracks all tables of a schema, and those that are created in it later. Options are those of bemi.track(); a pattern for columns may be table.column. baseline: the rows that are there are stored. On a server in use, CALL bemi.track_each() instead.';

CREATE FUNCTION bemi.untrack_schema(target regnamespace) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_untrack_schema';
COMMENT ON FUNCTION bemi.untrack_schema(regnamespace) IS
    'Ends the tracking of a schema: of its tables that are not tracked by themselves, and of those that are created later.';

CREATE FUNCTION bemi.matches_column(pattern text, name text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'bemi_matches_column';
COMMENT ON FUNCTION bemi.matches_column(text, text) IS
    'Internal: whether a pattern of ignore_columns, exclude_columns or redact_columns is about a column.';
