-- Taking changes back. The functions without a search_path of their own run the user's triggers under that of the caller. They, and
-- the SQL that they run, name the schema of everything.

-- Runs the statement with the context of the caller, and with what is taken back in it. An error restores the settings as well.
CREATE FUNCTION bemi.revert_run(statement text, steps bemi.revert_step[], selector jsonb, triggers boolean) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    context constant text := pg_catalog.current_setting('bemi.context');
    role constant text := pg_catalog.current_setting('session_replication_role');
BEGIN
    IF statement IS NULL THEN
        RETURN;
    END IF;
    PERFORM bemi.merge_context(pg_catalog.jsonb_build_object('revert', selector), true);
    IF triggers IS FALSE THEN
        PERFORM pg_catalog.set_config('session_replication_role', 'replica', true);
    END IF;
    EXECUTE statement USING steps;
    PERFORM pg_catalog.set_config('bemi.context', context, true);
    IF triggers IS FALSE THEN
        PERFORM pg_catalog.set_config('session_replication_role', role, true);
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.revert_run(text, bemi.revert_step[], jsonb, boolean) IS
    'Internal, for bemi.revert(): runs the statement.';

CREATE FUNCTION bemi.revert_selected(selector jsonb, conflicts text, dry_run boolean, triggers boolean)
    RETURNS TABLE (relation regclass, key text, action text, columns text[], status text, conflict jsonb, sql text)
    LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    steps bemi.revert_step[];
    is_forced constant boolean := conflicts OPERATOR(pg_catalog.=) 'force';
    is_dry constant boolean := dry_run IS NOT FALSE;
BEGIN
    PERFORM bemi.sync();
    steps := bemi.revert_plan(selector, conflicts, NOT is_dry);
    IF steps IS NULL THEN
        RAISE NOTICE 'there is nothing to take back';
    ELSE
        IF NOT is_dry THEN
            PERFORM bemi.revert_require_steps(steps, conflicts);
            PERFORM bemi.revert_run(bemi.revert_statement(steps, is_forced), steps, selector, triggers);
        END IF;
        RETURN QUERY SELECT * FROM bemi.revert_report(steps, is_forced, is_dry);
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.revert_selected(jsonb, text, boolean, boolean) IS 'Internal: what bemi.revert() does, once its arguments are checked.';

CREATE FUNCTION bemi.revert(
    change uuid DEFAULT NULL, transaction bigint DEFAULT NULL, context jsonb DEFAULT NULL, relation regclass DEFAULT NULL,
    key text DEFAULT NULL, operations text[] DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    since_mark text DEFAULT NULL, conflicts text DEFAULT 'error', dry_run boolean DEFAULT false, triggers boolean DEFAULT true)
    RETURNS TABLE (relation regclass, key text, action text, columns text[], status text, conflict jsonb, sql text)
    LANGUAGE sql
BEGIN ATOMIC
    SELECT bemi.revert_require(s.selector, $4, $6, $10, $12) FROM bemi.revert_selector($1, $2, $3, $4, $5, $6, $7, $8, $9) AS s (selector);
    SELECT r.* FROM bemi.revert_selected(bemi.revert_selector($1, $2, $3, $4, $5, $6, $7, $8, $9), $10, $11, $12) r;
END;
COMMENT ON FUNCTION bemi.revert(uuid, bigint, jsonb, regclass, text, text[], timestamptz, timestamptz, text, text, boolean, boolean) IS
    'Takes the changes back that meet all conditions. Returns a row for each row that it has changed: relation, key, action, columns, status, the conflict if there is one, and the sql of a dry run.';
