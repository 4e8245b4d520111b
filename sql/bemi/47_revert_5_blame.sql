-- Taking changes back: which change is in the way.

-- SQL: for a row of the steps p, the changes that are not selected and come after the first of its selected ones.
CREATE FUNCTION bemi.revert_rivals(root oid, condition text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(
        'SELECT c.*, (c.commit_position, c.sequence) > (s.last_position, s.last_sequence) AS is_after
         FROM (SELECT min(f.commit_position) AS first_position, max(f.commit_position) AS last_position,
                      (array_agg(f.sequence ORDER BY f.commit_position, f.sequence))[1] AS first_sequence,
                      (array_agg(f.sequence ORDER BY f.commit_position DESC, f.sequence DESC))[1] AS last_sequence
               FROM (%s) AS f) AS s
         JOIN (%s) AS c ON (c.commit_position, c.sequence) > (s.first_position, s.first_sequence)',
        bemi.revert_changes($1, NULL, '(' || $2 || ') AND c.primary_key = p.key'),
        bemi.revert_changes($1, NULL, '(' || $2 || ') IS NOT TRUE AND c.operation <> ''ERASURE'' AND (c.primary_key = p.key OR c.primary_key IS NULL OR c.id = ANY (moved.ids))'));
END;
COMMENT ON FUNCTION bemi.revert_rivals(oid, text) IS
    'Internal, for bemi.revert(): SQL for the changes of the row of step p that are not selected, and later than the first selected one.';

-- SQL: the steps p of $1, each with the changes that have given its row another key.
CREATE FUNCTION bemi.revert_moved(root oid) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(
        'unnest($1) WITH ORDINALITY AS p (key, place, target, expected, conflict, n)
         CROSS JOIN LATERAL (SELECT array(
             SELECT m.id FROM (SELECT DISTINCT n.schema, n."table" FROM bemi.revert_names(%s, NULL) n) AS n
             CROSS JOIN LATERAL bemi.moved_from(n.schema, n."table", p.key) m) AS ids) AS moved', $1);
END;
COMMENT ON FUNCTION bemi.revert_moved(oid) IS
    'Internal, for bemi.revert(): SQL for the steps, with the changes that have given their rows another key.';

-- The last change of the column since, or the first one between.
CREATE FUNCTION bemi.revert_blamed(kind bemi.revert_kind, condition text) RETURNS bemi.revert_kind
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
    IF kind.relation IS NOT NULL AND EXISTS (SELECT FROM unnest(kind.steps) s WHERE s.conflict IS NOT NULL) THEN
        EXECUTE format(
            'SELECT array_agg(ROW(p.key, p.place, p.target, p.expected, p.conflict || coalesce(b.change, ''{}''))::bemi.revert_step ORDER BY p.n)
             FROM %s LEFT JOIN LATERAL (
                 SELECT jsonb_build_object(''change'', c.id, ''context'',
                     (SELECT h.context FROM bemi.changes h WHERE h.id = c.id AND h.committed_at = c.committed_at)) AS change
                 FROM (%s) AS c
                 WHERE c.is_after = (p.conflict->>''reason'' <> ''changed between'')
                   AND (NOT p.conflict ? ''column'' OR c.before->(p.conflict->>''column'') IS DISTINCT FROM c.after->(p.conflict->>''column''))
                 ORDER BY c.commit_position DESC, c.sequence DESC LIMIT 1) AS b
             ON p.conflict->>''reason'' IN (''changed since'', ''changed between'', ''row is gone'', ''key is taken'')',
            bemi.revert_moved(kind.relation), bemi.revert_rivals(kind.relation, condition)) INTO kind.steps USING kind.steps;
    END IF;
    RETURN kind;
END
$$;
COMMENT ON FUNCTION bemi.revert_blamed(bemi.revert_kind, text) IS
    'Internal, for bemi.revert(): the kind, in whose conflicts it says which change is in the way.';

CREATE FUNCTION bemi.revert_later(kinds bemi.revert_kind[], condition text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    kind bemi.revert_kind;
    ids uuid[];
    more uuid[];
BEGIN
    FOREACH kind IN ARRAY kinds LOOP
        CONTINUE WHEN NOT kind.is_blocked OR kind.relation IS NULL;
        EXECUTE format('SELECT array_agg(c.id) FROM %s CROSS JOIN LATERAL (%s) AS c WHERE c.primary_key IS NOT NULL',
                       bemi.revert_moved(kind.relation), bemi.revert_rivals(kind.relation, condition)) INTO more USING kind.steps;
        ids := ids || more;
    END LOOP;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION bemi.revert_later(bemi.revert_kind[], text) IS
    'Internal, for bemi.revert(): the later changes of the rows that are blocked.';
