-- Tracking. SET search_path: these run SQL of their own, partly as the owner of the extension.

CREATE FUNCTION bemi.emit_context() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_emit_context';
COMMENT ON FUNCTION bemi.emit_context() IS
    'The trigger on every tracked table: writes the context to the WAL where it differs from the last one written.';

CREATE FUNCTION bemi.track(target regclass, level text DEFAULT NULL) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track';
COMMENT ON FUNCTION bemi.track(regclass, text) IS
    'Tracks a table with its partitions and children: triggers of level ''row'' or ''statement'', REPLICA IDENTITY FULL. What is not given stays as it is.';

CREATE FUNCTION bemi.untrack(target regclass) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_untrack';
COMMENT ON FUNCTION bemi.untrack(regclass) IS
    'Undoes bemi.track(): takes the triggers off and sets the former replica identity.';

CREATE FUNCTION bemi.track_schema(target regnamespace, level text DEFAULT NULL) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track_schema';
COMMENT ON FUNCTION bemi.track_schema(regnamespace, text) IS
    'Tracks every table of a schema, and those that appear there later. On a server in use, CALL bemi.track_each().';

CREATE FUNCTION bemi.untrack_schema(target regnamespace) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_untrack_schema';
COMMENT ON FUNCTION bemi.untrack_schema(regnamespace) IS
    'Untracks the tables that are tracked because of their schema, and leaves those to come alone.';
