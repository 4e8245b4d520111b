-- What is tracked, and how: from the catalogs.

CREATE FUNCTION bemi.tracking_options(arguments bytea, OUT level text, OUT by_schema boolean,
                                      OUT not_understood text, OUT require_context text, OUT ignore_columns text[],
                                      OUT exclude_columns text[], OUT redact_columns text[], OUT skip_unchanged boolean, OUT retention interval)
    LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'bemi_tracking_options';
COMMENT ON FUNCTION bemi.tracking_options(bytea) IS
    'Internal: the options in the arguments of a trigger "~bemi_truncate" (pg_trigger.tgargs).';

CREATE FUNCTION bemi.tracked_with(relation regclass) RETURNS regclass
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'bemi_tracked_with';
COMMENT ON FUNCTION bemi.tracked_with(regclass) IS
    'Internal: the tracked table that a partition or child belongs to; null for other tables.';

-- This is a function, so that psql's \dv shows only what users read; queries inline it. It reads nothing but catalogs, because
-- a function in a view has the privileges of the view's reader.
CREATE FUNCTION bemi.tracked_relations() RETURNS TABLE (
    relation regclass, kind "char", identity "char", is_unlogged boolean, level text, require_context text, root regclass, by_schema boolean,
    not_understood text, ignore_columns text[], exclude_columns text[], redact_columns text[], skip_unchanged boolean, retention interval)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT c.oid::regclass, c.relkind, c.relreplident, c.relpersistence = 'u', o.level, o.require_context, bemi.tracked_with(g.tgrelid),
           o.by_schema, o.not_understood, o.ignore_columns, o.exclude_columns, o.redact_columns, o.skip_unchanged, o.retention
    FROM pg_trigger g
    JOIN pg_class c ON c.oid = g.tgrelid
    CROSS JOIN LATERAL bemi.tracking_options(g.tgargs) AS o
    WHERE g.tgname = '~bemi_truncate' AND g.tgfoid = 'bemi.emit_context'::regproc;
END;
COMMENT ON FUNCTION bemi.tracked_relations() IS
    'Internal, for bemi.tracked_tables: the tables that have bemi''s triggers, and what the triggers say.';
