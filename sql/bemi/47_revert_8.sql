-- bemi.revert() itself. The functions without a search_path of their own run the user's triggers under that of the caller. They, and the
-- SQL that they run, name the schema of everything.

-- SQL: a TRUNCATE as changes that delete the rows that were there before.
CREATE FUNCTION bemi.revert_truncated(root oid, part oid, condition text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    deletions text;
BEGIN
    EXECUTE format(
        'SELECT string_agg(format(
            '' UNION ALL SELECT gen_random_uuid(), NULL, NULL, r.key, ''''DELETE'''', %%s, %%s, %%L::timestamptz, r.row_data - %%L::text[], ''''{}''''::jsonb,
                CASE WHEN bemi.has_erased_values() THEN bemi.erased_of(%1$s, r.key) END, NULL
              FROM bemi.rows_as_of(%1$s, lsn => %%L, change => %%L) r'',
            t.commit_position, t.sequence, t.committed_at, bemi.revert_ruled(%1$s, ''{exclude,redact}'', t.commit_position), CASE WHEN p.id IS NULL THEN ''0/0''::pg_lsn + (t.commit_position - 1) END, p.id), '''')
         FROM (SELECT DISTINCT ON (commit_position) * FROM (%2$s) AS c ORDER BY commit_position, sequence) AS t
         LEFT JOIN LATERAL (
            SELECT c.id FROM bemi.changes c
            WHERE c.committed_at = t.committed_at AND c.commit_position = t.commit_position AND c.sequence < t.sequence
            ORDER BY c.sequence DESC LIMIT 1) AS p ON true',
        root, bemi.revert_changes(root, part, condition || ' AND c.operation = ''TRUNCATE''')) INTO deletions;
    RETURN bemi.revert_changes(root, part, condition || ' AND c.operation <> ''TRUNCATE''') || coalesce(deletions, '');
END
$$;
COMMENT ON FUNCTION bemi.revert_truncated(oid, oid, text) IS
    'Internal, for bemi.revert(): SQL for the changes of the table that meet the condition, with a deletion for each row that TRUNCATE has removed.';

-- Without steps the array is empty.
CREATE FUNCTION bemi.revert_kinds_of(root oid, part oid, name text, condition text, is_truncated boolean, has_moved boolean, is_forced boolean)
    RETURNS bemi.revert_kind[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    changes text;
    keys constant text[] := array(SELECT c.name FROM bemi.revert_columns(root) c WHERE c.key_number IS NOT NULL);
    kinds bemi.revert_kind[];
BEGIN
    IF bemi.revert_place(root, '') IS NULL THEN
        RETURN array[ROW(root, NULL, NULL, true, 0, array[ROW(NULL, NULL, NULL, NULL, CASE WHEN root IS NULL
            THEN jsonb_build_object('reason', 'table is gone', 'table', name)
            ELSE '{"reason": "no primary key"}' END)::bemi.revert_step])::bemi.revert_kind];
    END IF;
    changes := CASE WHEN is_truncated THEN bemi.revert_truncated(root, part, condition) ELSE bemi.revert_changes(root, part, condition) END;
    changes := CASE WHEN has_moved THEN bemi.revert_followed(root, changes) ELSE bemi.revert_keyed(root, changes) END;
    IF NOT has_moved THEN
        -- Most rows have one change only.
        kinds := bemi.revert_kinds(root, bemi.revert_net(changes, false), keys, bemi.revert_settable(root), bemi.revert_needed(root), is_forced);
    END IF;
    RETURN coalesce(kinds, bemi.revert_kinds(root, bemi.revert_net(changes, true), keys, bemi.revert_settable(root), bemi.revert_needed(root), is_forced));
END
$$;
COMMENT ON FUNCTION bemi.revert_kinds_of(oid, oid, text, text, boolean, boolean, boolean) IS
    'Internal, for bemi.revert(): the steps that take the changes of a table back, if its rows are as the changes have left them.';

-- A table whose history has an end since then, or a gap, cannot be taken back. Without other conditions since is a moment to go back to,
-- which must be in the history.
CREATE FUNCTION bemi.revert_require_past(selector jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given constant oid := (selector->>'relation')::regclass;
    root constant oid := coalesce(pg_partition_root(given), given);
BEGIN
    IF root IS NULL THEN
        RETURN;
    ELSIF selector ? 'since' AND selector - '{relation,key,since}'::text[] = '{}' THEN
        PERFORM bemi.require_past(root, (selector->>'since')::timestamptz, NULL);
    ELSE
        PERFORM bemi.require_past(root, NULL, (pg_current_wal_insert_lsn() - '0/0')::bigint);
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.revert_require_past(jsonb) IS
    'Internal, for bemi.revert(): an error unless the history of the selected table is known.';

CREATE FUNCTION bemi.revert_found(selector jsonb, condition text, is_forced boolean) RETURNS bemi.revert_kind[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    kinds bemi.revert_kind[];
    target record;
BEGIN
    PERFORM bemi.revert_require_past(selector);
    FOR target IN SELECT * FROM bemi.revert_relations(selector, condition) r ORDER BY r.root LOOP
        IF target.root IS NOT NULL THEN
            PERFORM bemi.require_past(target.root, NULL, target.first_position);
        END IF;
        kinds := kinds || bemi.revert_kinds_of(target.root, target.part, target.name, condition, target.is_truncated, target.has_moved, is_forced);
    END LOOP;
    RETURN kinds;
END
$$;
COMMENT ON FUNCTION bemi.revert_found(jsonb, text, boolean) IS
    'Internal, for bemi.revert(): the steps that take the changes back, if the rows are as the changes have left them.';

CREATE FUNCTION bemi.revert_stored(selector jsonb, condition text, is_forced boolean) RETURNS bemi.revert_kind[]
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'bemi_revert_stored';
COMMENT ON FUNCTION bemi.revert_stored(jsonb, text, boolean) IS
    'Internal, for bemi.revert(): bemi.revert_found() with the latest snapshot, whatever the isolation level.';

-- Changes of transactions that began later are none of a transaction that sees one state of the database.
CREATE FUNCTION bemi.revert_visible() RETURNS text
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN current_setting('transaction_isolation') IN ('repeatable read', 'serializable')
        THEN format(' AND pg_visible_in_snapshot(c.transaction_id::text::xid8, %L)', pg_current_snapshot()) ELSE '' END;
END;
COMMENT ON FUNCTION bemi.revert_visible() IS
    'Internal, for bemi.revert(): the condition for the changes that the transaction may see.';

CREATE FUNCTION bemi.revert_planned(selector jsonb, condition text, is_forced boolean, is_locking boolean) RETURNS bemi.revert_kind[]
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    kinds bemi.revert_kind[];
    kind bemi.revert_kind;
BEGIN
    FOREACH kind IN ARRAY coalesce(bemi.revert_stored(selector, condition, is_forced), '{}') LOOP
        kinds := kinds || CASE WHEN kind.is_blocked THEN array[kind] ELSE bemi.revert_inspected(kind, is_forced, is_locking) END;
    END LOOP;
    IF NOT bemi.revert_is_plain(kinds) THEN
        kinds := bemi.revert_ranked(kinds, is_forced);
    END IF;
    RETURN bemi.revert_in_order(bemi.revert_constrained(kinds, is_forced));
END
$$;
COMMENT ON FUNCTION bemi.revert_planned(jsonb, text, boolean, boolean) IS
    'Internal, for bemi.revert(): the steps that take the changes back; null if there are none.';

CREATE FUNCTION bemi.revert_plan(selector jsonb, conflicts text, is_dry boolean) RETURNS bemi.revert_kind[]
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    condition text := bemi.revert_condition(selector) || bemi.revert_visible();
    kinds bemi.revert_kind[];
    later uuid[];
    first bemi.revert_kind;
BEGIN
    LOOP
        kinds := bemi.revert_planned(selector, condition, conflicts = 'force', NOT is_dry);
        EXIT WHEN kinds IS NULL OR conflicts <> 'cascade';
        later := bemi.revert_later(kinds, condition);
        EXIT WHEN later IS NULL;
        condition := format('(%s OR c.id = ANY (%L::uuid[]))', condition, later);
    END LOOP;
    FOR i IN 1 .. coalesce(cardinality(kinds), 0) LOOP
        EXIT WHEN NOT kinds[i].is_blocked AND conflicts <> 'force';
        IF conflicts IN ('error', 'cascade') AND NOT is_dry THEN
            -- The error tells of one.
            first := kinds[i];
            first.steps := first.steps[1:1];
            first := bemi.revert_blamed(first, condition);
            kinds[i].steps[1] := first.steps[1];
            EXIT;
        END IF;
        kinds[i] := bemi.revert_blamed(kinds[i], condition);
    END LOOP;
    RETURN kinds;
END
$$;
COMMENT ON FUNCTION bemi.revert_plan(jsonb, text, boolean) IS
    'Internal, for bemi.revert(): the steps that take the selected changes back, or more changes; null if there are none.';

CREATE FUNCTION bemi.revert_explained(conflict jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN concat(conflict->>'reason', CASE conflict->>'reason' WHEN 'referenced' THEN ' by table "' || (conflict->>'table') || '"' END, ', column "' || (conflict->>'column') || '"', ', by change ' || (conflict->>'change'),
    ' with the context ' || (conflict->>'context'));
COMMENT ON FUNCTION bemi.revert_explained(jsonb) IS 'Internal, for bemi.revert(): a conflict in words.';

CREATE FUNCTION bemi.revert_require_free(kinds bemi.revert_kind[], conflicts text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number constant bigint := coalesce(sum(cardinality(kinds[i].steps)), 0) FROM generate_subscripts(kinds, 1) i WHERE kinds[i].is_blocked;
    first bemi.revert_step;
BEGIN
    IF number = 0 OR conflicts = 'skip' THEN
        RETURN;
    END IF;
    first := kinds[1].steps[1];
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = format('cannot take changes back because of %s', CASE number WHEN 1 THEN 'a conflict' ELSE number || ' conflicts' END),
        DETAIL = format('%s of table "%s": %s.', CASE WHEN first.key IS NULL THEN 'Rows' ELSE format('Row %s', first.key) END,
                        coalesce(kinds[1].relation::regclass::text, first.conflict->>'table'), bemi.revert_explained(first.conflict)),
        HINT = 'Call bemi.revert() with dry_run => true to see all conflicts, or with conflicts => ''skip'', ''force'' or ''cascade''.';
END
$$;
COMMENT ON FUNCTION bemi.revert_require_free(bemi.revert_kind[], text) IS
    'Internal, for bemi.revert(): an error if steps are blocked, unless these are skipped.';

-- Runs the statements with the context of the caller, and with what is taken back in it. An error restores the settings as well.
CREATE FUNCTION bemi.revert_run(kinds bemi.revert_kind[], selector jsonb, triggers boolean) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    context constant pg_catalog.text := pg_catalog.current_setting('bemi.context');
    role constant pg_catalog.text := pg_catalog.current_setting('session_replication_role');
    statement pg_catalog.text;
BEGIN
    PERFORM bemi.merge_context(pg_catalog.jsonb_build_object('revert', selector), true);
    IF triggers IS FALSE THEN
        PERFORM pg_catalog.set_config('session_replication_role', 'replica', true);
    END IF;
    FOREACH statement IN ARRAY bemi.revert_statements(kinds) LOOP
        EXECUTE statement USING kinds;
    END LOOP;
    kinds := bemi.revert_undone(kinds);
    FOREACH statement IN ARRAY bemi.revert_statements(kinds) LOOP
        EXECUTE statement USING kinds;
    END LOOP;
    PERFORM pg_catalog.set_config('bemi.context', context, true);
    IF triggers IS FALSE THEN
        PERFORM pg_catalog.set_config('session_replication_role', role, true);
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.revert_run(bemi.revert_kind[], jsonb, boolean) IS 'Internal, for bemi.revert(): does the steps.';

CREATE FUNCTION bemi.revert_selected(selector jsonb, conflicts text, dry_run boolean, triggers boolean)
    RETURNS TABLE (relation regclass, key text, action text, columns text[], status text, conflict jsonb, sql text)
    LANGUAGE plpgsql AS $$
DECLARE
    kinds bemi.revert_kind[];
    is_dry constant boolean := dry_run IS NOT FALSE;
BEGIN
    PERFORM bemi.sync();
    kinds := bemi.revert_plan(selector, conflicts, is_dry);
    IF kinds IS NULL THEN
        RAISE NOTICE 'there is nothing to take back';
        RETURN;
    END IF;
    IF NOT is_dry THEN
        -- What is blocked comes first.
        IF kinds[1].is_blocked THEN
            PERFORM bemi.revert_require_free(kinds, conflicts);
        END IF;
        PERFORM bemi.revert_run(kinds, selector, triggers);
    END IF;
    RETURN QUERY SELECT * FROM bemi.revert_report(kinds, conflicts, is_dry);
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
