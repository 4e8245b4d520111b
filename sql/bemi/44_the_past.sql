-- Moments, and whether the history is known back to them. What is read here as the owner tells when something happened, not what.

-- The worker measures how far the times of commits go back. A mark is no commit: one that took its time before the mark may come after
-- it a little later.
CREATE FUNCTION bemi.skew() RETURNS interval
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(max(p.max_skew), '0') + interval '10 seconds' FROM bemi.progress p;
END;
COMMENT ON FUNCTION bemi.skew() IS
    'Internal: how much earlier than a change the changes after it can have been committed, by their times.';

-- The search halves the range of times, until changes of less than a second, or none at all, lie between its ends.
CREATE FUNCTION bemi.time_of(lsn pg_lsn) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted constant bigint := lsn - '0/0';
    early timestamptz;
    late timestamptz;
    middle timestamptz;
    found record;
BEGIN
    SELECT c.committed_at, c.commit_position INTO found FROM bemi.changes c ORDER BY c.committed_at DESC LIMIT 1;
    IF found IS NULL OR found.commit_position <= wanted THEN
        RETURN found.committed_at;
    END IF;
    late := found.committed_at;
    SELECT c.committed_at, c.commit_position INTO found FROM bemi.changes c ORDER BY c.committed_at LIMIT 1;
    early := found.committed_at;
    IF found.commit_position > wanted THEN
        RETURN early;
    END IF;
    WHILE late - early > interval '1 second' LOOP
        middle := early + (late - early) / 2;
        SELECT c.committed_at, c.commit_position INTO found FROM bemi.changes c
        WHERE c.committed_at <= middle AND c.committed_at >= early ORDER BY c.committed_at DESC LIMIT 1;
        IF found.commit_position > wanted THEN
            late := found.committed_at;
        ELSIF found.committed_at = early THEN
            early := middle;
        ELSE
            early := found.committed_at;
        END IF;
    END LOOP;
    RETURN early;
END
$$;
COMMENT ON FUNCTION bemi.time_of(pg_lsn) IS 'Internal: a time of commit near the position; null if there are no changes.';

CREATE FUNCTION bemi.cut_of(
    INOUT at timestamptz, lsn pg_lsn, transaction bigint, change uuid, mark text,
    OUT "position" bigint, OUT sequence bigint, OUT since timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given constant integer := num_nonnulls(at, lsn, transaction, change, mark);
BEGIN
    IF given = 0 THEN
        RAISE null_value_not_allowed USING MESSAGE = 'no moment is given',
            HINT = 'Give one of the arguments at, lsn, transaction, change and mark.';
    ELSIF given > 1 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'more than one moment is given',
            HINT = 'Give one of the arguments at, lsn, transaction, change and mark.';
    END IF;

    IF at IS NOT NULL THEN
        IF at > clock_timestamp() THEN
            RAISE invalid_parameter_value USING MESSAGE = format('moment %s is in the future', at);
        END IF;
        since := at;
    ELSIF lsn IS NOT NULL THEN
        IF lsn > (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END) THEN
            RAISE invalid_parameter_value USING MESSAGE = format('position %s is in the future', lsn);
        END IF;
        "position" := lsn - '0/0';
        since := bemi.time_of(lsn) - bemi.skew();
    ELSIF transaction IS NOT NULL THEN
        SELECT c.commit_position, c.committed_at - bemi.skew() INTO "position", since
        FROM bemi.changes c WHERE c.transaction_id = $3 ORDER BY c.commit_position LIMIT 1;
        IF NOT FOUND THEN
            RAISE invalid_parameter_value USING MESSAGE = format('no change of transaction %s is stored', transaction);
        END IF;
    ELSIF change IS NOT NULL THEN
        SELECT c.commit_position, c.sequence, c.committed_at - bemi.skew() INTO "position", sequence, since
        FROM bemi.changes c WHERE c.id = $4;
        IF NOT FOUND THEN
            RAISE invalid_parameter_value USING MESSAGE = format('change %s is not stored', change);
        END IF;
    ELSE
        SELECT m."position", m.at - bemi.skew() INTO "position", since FROM bemi.mark_of($5) m;
        IF "position" IS NULL THEN
            RAISE undefined_object USING MESSAGE = format('mark "%s" does not exist', mark);
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.cut_of(timestamptz, pg_lsn, bigint, uuid, text) IS
    'Internal: where a moment cuts the history: the changes with committed_at <= at are before it; or those with a commit_position before position, and at it those up to sequence, or all if that is null. Changes after it have committed_at >= since.';

CREATE FUNCTION bemi.mark_of(name text, OUT "position" bigint, OUT at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT m.position, m.at FROM bemi.marks m WHERE m.name = $1;
END;
COMMENT ON FUNCTION bemi.mark_of(text) IS 'Internal: the moment that has this name.';

-- The table's name, or that which it had.
CREATE FUNCTION bemi.name_of(relation oid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(
        (SELECT c.relname FROM pg_class c WHERE c.oid = $1),
        (SELECT s."table" FROM bemi.shapes s, pg_control_system() AS server, pg_database d
         WHERE s.relation = $1 AND s.system_identifier = server.system_identifier
           AND s.database = d.oid AND d.datname = current_database()
         ORDER BY s.from_position DESC, s.from_sequence DESC LIMIT 1),
        $1::text);
END;
COMMENT ON FUNCTION bemi.name_of(oid) IS 'Internal: the name of a table; of a dropped one, that which it had last.';

CREATE FUNCTION bemi.require_past(relation oid, at timestamptz, "position" bigint) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    server constant bigint := system_identifier FROM pg_control_system();
    own_database constant oid := oid FROM pg_database WHERE datname = current_database();
    known bemi.tracking;
    broken bemi.tracking;
    oldest timestamptz;
    gap bemi.gaps;
BEGIN
    SELECT * INTO known FROM bemi.tracking t
    WHERE t.relation = $1 AND t.system_identifier = server AND t.database = own_database
    ORDER BY t.from_position DESC LIMIT 1;
    IF known IS NULL THEN
        IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = $1 AND tgname = '~bemi_truncate') THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = format('history of table "%s" has not begun', bemi.name_of($1)),
                DETAIL = 'No worker has read the changes of the table yet.', HINT = 'Call bemi.start().';
        END IF;
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('table "%s" is not tracked', bemi.name_of($1)),
            HINT = format('Call bemi.track(%L): its history begins then.', $1::regclass);
    END IF;

    -- The end of a table's history by DROP TABLE is no harm to what was before.
    IF known.to_position IS NOT NULL AND EXISTS (SELECT FROM pg_class WHERE oid = $1) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('changes of table "%s" since %s may be missing', bemi.name_of($1), known.to_time),
            DETAIL = format('The reason is: %s.', known.reason),
            HINT = format('Call bemi.track(%L): its history begins anew then.', $1::regclass);
    END IF;
    SELECT * INTO gap FROM bemi.gaps g
    WHERE g.system_identifier = server AND g.acknowledged_at IS NULL
      AND CASE WHEN $2 IS NULL THEN g.to_position IS NULL OR g.to_position - '0/0' > $3
          ELSE g.to_time IS NULL OR g.to_time > $2 END
    ORDER BY g.from_position LIMIT 1;
    IF gap.id IS NOT NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('history of table "%s" has a gap since that moment', bemi.name_of($1)),
            DETAIL = format('Gap %s, from %s to %s: %s.', gap.id, coalesce(gap.from_time::text, gap.from_position::text),
                            coalesce(gap.to_time::text, 'now'), gap.reason),
            HINT = 'See bemi.gaps.';
    END IF;

    oldest := greatest((SELECT min(p.from_time) FROM bemi.partitions p), (
        SELECT max(e.expired_before) FROM bemi.expired_tables e
        WHERE e.system_identifier = server AND e.database = own_database AND e.relation IN ($1, pg_partition_root($1))));
    IF $2 < known.from_time OR $3 < known.from_position THEN
        SELECT * INTO broken FROM bemi.tracking t
        WHERE t.relation = $1 AND t.system_identifier = server AND t.database = own_database
          AND t.from_position < known.from_position AND ($2 >= t.from_time OR $3 >= t.from_position)
        ORDER BY t.from_position DESC LIMIT 1;
        IF broken.from_position IS NOT NULL THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = format('changes of table "%s" between %s and %s may be missing', bemi.name_of($1), broken.to_time, known.from_time),
                DETAIL = format('The reason is: %s.', broken.reason),
                HINT = format('The history of the table can be read back to %s.', known.from_time);
        END IF;
        RAISE invalid_parameter_value USING
            MESSAGE = format('history of table "%s" begins at %s', bemi.name_of($1), greatest(known.from_time, oldest));
    END IF;
    IF known.from_time < oldest AND ($2 < oldest OR $3 < (SELECT min(c.commit_position) FROM bemi.changes c WHERE c.committed_at < oldest + bemi.skew())) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('history of table "%s" begins at %s', bemi.name_of($1), oldest),
            DETAIL = 'Older changes were deleted.';
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.require_past(oid, timestamptz, bigint) IS
    'Internal: an error unless all changes of the table since the moment, a time or a WAL position as a number, are stored.';

CREATE FUNCTION bemi.sync_standby() RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_sync_standby';
COMMENT ON FUNCTION bemi.sync_standby() IS
    'Internal: waits until a standby has got the stored changes of all transactions that it shows, for bemi.sync_timeout at most.';
