-- Taking changes back: the plan as a whole, and what is in its way.

CREATE FUNCTION bemi.revert_plan(selector jsonb, conflicts text, is_locking boolean) RETURNS bemi.revert_step[]
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 AS $$
DECLARE
    condition text := bemi.revert_condition(selector);
    steps bemi.revert_step[];
    more bemi.revert_step[];
    target record;
BEGIN
    FOR target IN SELECT * FROM bemi.revert_relations(selector, condition) r ORDER BY r.root LOOP
        IF bemi.revert_key(target.root, '') IS NULL THEN
            more := bemi.revert_impossible(target.root, target.name);
        ELSE
            EXECUTE format('SELECT array_agg(s::bemi.revert_step) FROM (%s) AS s', bemi.revert_steps(
                target.root, bemi.revert_changes(target.root, target.part, condition), conflicts = 'force', is_locking)) INTO more;
        END IF;
        steps := steps || more;
    END LOOP;
    RETURN steps;
END
$$;
COMMENT ON FUNCTION bemi.revert_plan(jsonb, text, boolean) IS
    'Internal, for bemi.revert(): the steps that take the selected changes back; null if there are none.';

CREATE FUNCTION bemi.revert_impossible(relation oid, name text) RETURNS bemi.revert_step[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN array[ROW($1, NULL, NULL, NULL, NULL, NULL, CASE WHEN $1 IS NULL THEN jsonb_build_object('reason', 'table is gone', 'table', $2)
    ELSE '{"reason": "no primary key"}' END, NULL, NULL, NULL)::bemi.revert_step];
COMMENT ON FUNCTION bemi.revert_impossible(oid, text) IS
    'Internal, for bemi.revert(): the conflict for a table whose rows cannot be found.';

CREATE FUNCTION bemi.revert_require_steps(steps bemi.revert_step[], conflicts text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    faulty bemi.revert_step[];
    first bemi.revert_step;
BEGIN
    IF conflicts = 'skip' THEN
        RETURN;
    END IF;
    faulty := array_agg(s) FROM unnest(steps) s WHERE s.conflict IS NOT NULL AND (conflicts <> 'force' OR s.action IS NULL);
    IF faulty IS NULL THEN
        RETURN;
    END IF;
    first := faulty[1];
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = format('cannot take changes back because of %s', CASE cardinality(faulty) WHEN 1 THEN 'a conflict' ELSE cardinality(faulty) || ' conflicts' END),
        DETAIL = format('%s of table "%s": %s.', CASE WHEN first.key IS NULL THEN 'Rows' ELSE format('Row %s', first.key) END,
                        coalesce(first.conflict->>'table', first.relation::regclass::text), bemi.revert_explained(first.conflict)),
        HINT = 'Call bemi.revert() with dry_run => true to see all conflicts, or with conflicts => ''skip'', ''force'' or ''cascade''.';
END
$$;
COMMENT ON FUNCTION bemi.revert_require_steps(bemi.revert_step[], text) IS
    'Internal, for bemi.revert(): an error if there are conflicts, unless these are skipped or forced.';

CREATE FUNCTION bemi.revert_explained(conflict jsonb) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN concat(conflict->>'reason', ', column "' || (conflict->>'column') || '"', ', by change ' || (conflict->>'change'),
    ' with the context ' || (conflict->>'context'));
COMMENT ON FUNCTION bemi.revert_explained(jsonb) IS 'Internal, for bemi.revert(): a conflict in words.';
