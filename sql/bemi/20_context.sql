-- Context

CREATE FUNCTION bemi.set_context(context jsonb, is_local boolean DEFAULT NULL) RETURNS jsonb
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_set_context';
COMMENT ON FUNCTION bemi.set_context(jsonb, boolean) IS
    'Replaces the context of the changes that follow, within a transaction block until its end, and returns it. NULL clears the context.';

CREATE FUNCTION bemi.merge_context(patch jsonb, is_local boolean DEFAULT NULL) RETURNS jsonb
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_merge_context';
COMMENT ON FUNCTION bemi.merge_context(jsonb, boolean) IS
    'Sets the top-level keys of the patch in the context, and returns the new context. A null value removes the key.';

CREATE FUNCTION bemi.current_context() RETURNS jsonb
    LANGUAGE c PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bemi_current_context';
COMMENT ON FUNCTION bemi.current_context() IS
    'Returns the context that a change would have now: of the session, of the comment in the statement, and what the server knows.';

CREATE FUNCTION bemi.clear_context(is_local boolean DEFAULT NULL) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_clear_context';
COMMENT ON FUNCTION bemi.clear_context(boolean) IS
    'Clears the context, for as long as set_context() would set one.';
