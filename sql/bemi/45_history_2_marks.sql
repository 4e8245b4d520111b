-- The text of keys, and moments with a name.

CREATE FUNCTION bemi.key(VARIADIC "any") RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'bemi_key';
COMMENT ON FUNCTION bemi.key("any") IS
    'The text that bemi.changes.primary_key has for these values of the columns of a primary key: bemi.key(7, ''a'') is ''[7,"a"]''.';

CREATE FUNCTION bemi.mark(name text) RETURNS pg_lsn
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_mark';
COMMENT ON FUNCTION bemi.mark(text) IS
    'Gives this moment a name, and returns its WAL position: what was committed before the call is before the mark, everything else after it.';

CREATE FUNCTION bemi.drop_mark(name text) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_drop_mark';
COMMENT ON FUNCTION bemi.drop_mark(text) IS 'Removes a mark. What has happened stays in the history.';

REVOKE ALL ON FUNCTION bemi.mark(text), bemi.drop_mark(text) FROM PUBLIC;
