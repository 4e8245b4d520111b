-- Context

CREATE FUNCTION bemi.set_context(context jsonb, is_local boolean DEFAULT NULL) RETURNS jsonb
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_set_context';
COMMENT ON FUNCTION bemi.set_context(jsonb, boolean) IS
    'Replaces the context of the changes that follow, in a transaction block until its end; NULL clears it. Returns it.';

CREATE FUNCTION bemi.merge_context(patch jsonb, is_local boolean DEFAULT NULL) RETURNS jsonb
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_merge_context';
COMMENT ON FUNCTION bemi.merge_context(jsonb, boolean) IS
    'Sets the top-level keys of the patch in the context; a null value removes the key. Returns the new context.';

CREATE FUNCTION bemi.current_context() RETURNS jsonb
    LANGUAGE c PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'bemi_current_context';
COMMENT ON FUNCTION bemi.current_context() IS
    'The context that a change made right now would carry: the session''s, the statement''s comment and the server facts.';

CREATE FUNCTION bemi.clear_context(is_local boolean DEFAULT NULL) RETURNS void
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_clear_context';
COMMENT ON FUNCTION bemi.clear_context(boolean) IS
    'Sets no context, for as long as set_context() would.';
