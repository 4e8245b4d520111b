-- bemi.track(..., retention): what the worker deletes of single tables. It takes the ranges of time of the partitions one after the other,
-- as bemi.retention does, and each in small steps.

CREATE FUNCTION bemi.has_table_retention() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM bemi.tracked_relations() t WHERE t.retention IS NOT NULL);
END;
COMMENT ON FUNCTION bemi.has_table_retention() IS 'Internal: whether a table has a retention of its own.';

-- The oldest partition that has expired for a table, and whether it has changes of it. Partitions of a table follow the table.
CREATE FUNCTION bemi.next_expired(trusted_time timestamptz) RETURNS TABLE (
    relation oid, partition regclass, from_time timestamptz, to_time timestamptz, kept_at timestamptz, is_carried boolean,
    next_position bigint, next_sequence bigint)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.relation, p.partition, p.from_time, p.to_time,
           (SELECT min(q.from_time) FROM bemi.partitions q WHERE q.from_time >= p.to_time AND q.to_time > $1 - t.retention),
           e.expired_before >= p.to_time, e.next_position, e.next_sequence
    FROM bemi.server_and_database() AS here
    CROSS JOIN bemi.tracked_relations() t
    JOIN pg_class c ON c.oid = t.relation AND NOT c.relispartition
    LEFT JOIN bemi.expired_tables e ON e.system_identifier = here.system_identifier AND e.database = here.database AND e.relation = t.relation
    CROSS JOIN LATERAL (
        SELECT * FROM bemi.partitions p
        WHERE p.to_time <= $1 - t.retention AND p.to_time > coalesce(e.deleted_before, '-infinity')
        ORDER BY p.from_time LIMIT 1
    ) p
    WHERE t.retention > '0'
    ORDER BY p.from_time, t.relation LIMIT 1;
END;
COMMENT ON FUNCTION bemi.next_expired(timestamptz) IS 'Internal, for the retention of tables: what is to be deleted next; no row if there is nothing.';

CREATE FUNCTION bemi.delete_changes(relation oid, from_time timestamptz, to_time timestamptz, most integer) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number bigint;
BEGIN
    WITH doomed AS MATERIALIZED (
        SELECT c.id, c.committed_at
        FROM bemi.keyed_shapes($1, false) s
        JOIN bemi.changes c ON c."table" = s."table" AND c.schema = s.schema
            AND (c.commit_position, c.sequence) >= (s.from_position, s.from_sequence)
            AND (s.to_position IS NULL OR (c.commit_position, c.sequence) < (s.to_position, s.to_sequence))
        WHERE c.committed_at >= $2 AND c.committed_at < $3
        LIMIT $4
    ), moved AS (
        DELETE FROM bemi.moved_keys m USING doomed d WHERE m.committed_at = d.committed_at AND m.id = d.id
    ), erased AS (
        DELETE FROM bemi.erased_values e USING doomed d WHERE e.committed_at = d.committed_at AND e.id = d.id
    ), deleted AS (
        DELETE FROM bemi.changes c USING doomed d WHERE c.committed_at = d.committed_at AND c.id = d.id RETURNING c.id
    )
    SELECT count(*) INTO number FROM deleted;
    RETURN number;
END
$$;
COMMENT ON FUNCTION bemi.delete_changes(oid, timestamptz, timestamptz, integer) IS
    'Internal, for the retention of tables: deletes changes of a table and its partitions, not more than so many; returns how many.';

-- Looking back ends at the end of the range before its first change is deleted.
CREATE FUNCTION bemi.expire_step(trusted_time timestamptz) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most constant integer := 1000;
    here constant record := bemi.server_and_database();
    next record;
    carried record;
    number bigint;
BEGIN
    SELECT * INTO next FROM bemi.next_expired(trusted_time);
    IF next.relation IS NULL THEN
        RETURN false;
    END IF;
    INSERT INTO bemi.expired_tables (system_identifier, database, relation) VALUES (here.system_identifier, here.database, next.relation)
    ON CONFLICT DO NOTHING;
    IF next.is_carried IS NOT TRUE THEN
        IF EXISTS (SELECT FROM bemi.baselines b WHERE b.system_identifier = here.system_identifier AND b.database = here.database) THEN
            SELECT c.position, c.sequence INTO carried FROM bemi.carry_forward(next.from_time, next.to_time, next.kept_at,
                coalesce(next.next_position, -9223372036854775808), coalesce(next.next_sequence, -9223372036854775808), next.relation) c;
        END IF;
        UPDATE bemi.expired_tables e
        SET next_position = carried.position, next_sequence = carried.sequence,
            expired_before = CASE WHEN carried.position IS NULL THEN next.to_time ELSE e.expired_before END
        WHERE (e.system_identifier, e.database, e.relation) = (here.system_identifier, here.database, next.relation);
        RETURN true;
    END IF;
    number := bemi.delete_changes(next.relation, next.from_time, next.to_time, most);
    UPDATE bemi.expired_tables e
    SET changes_deleted = e.changes_deleted + number, deleted_at = CASE WHEN number > 0 THEN now() ELSE e.deleted_at END,
        deleted_before = CASE WHEN number < most THEN next.to_time ELSE e.deleted_before END
    WHERE (e.system_identifier, e.database, e.relation) = (here.system_identifier, here.database, next.relation);
    RETURN true;
END
$$;
COMMENT ON FUNCTION bemi.expire_step(timestamptz) IS
    'Internal, for the retention of tables: does the next small step; false if there is nothing to do.';
