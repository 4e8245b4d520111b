-- Copies the changes that BemiHQ's workers stored into bemi.changes, as a superuser:
--
--   psql -d app -f import.sql                          from the table public.changes of this database
--   psql -d app -v source=old.changes -f import.sql    from another one
--
-- It can be run again: what is there already is left out. Ids stay as they are. The numbers by which bemi orders changes are
-- positions in the WAL of this server; the copies get 1, 2, 3, …, below all of those, in the order of their commits.
\set ON_ERROR_STOP on
\if :{?source}
\else
    \set source public.changes
\endif

CREATE TEMPORARY VIEW old_changes AS SELECT * FROM :source;

-- A partition for what is older than the oldest one, in a transaction of its own: the worker waits until it ends.
DO $$
DECLARE
    first timestamptz := COALESCE((SELECT min(from_time) FROM bemi.partitions),
                                  (SELECT date_trunc('month', max(committed_at), 'UTC') + '1 month' FROM old_changes));
    statement text;
BEGIN
    IF NOT EXISTS (SELECT FROM old_changes WHERE committed_at < first) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE bemi.changes_of_bemihq PARTITION OF bemi.changes FOR VALUES FROM (MINVALUE) TO (%L)', first);
    EXECUTE format('ALTER TABLE bemi.changes_of_bemihq OWNER TO %s',
                   (SELECT relowner::regrole FROM pg_class WHERE oid = 'bemi.changes'::regclass));
    FOR statement IN SELECT i.statement FROM bemi.partition_indexes i LOOP
        EXECUTE format(statement, 'bemi.changes_of_bemihq');
    END LOOP;
END
$$;

INSERT INTO bemi.changes (id, database, schema, "table", primary_key, operation, before, after, context, committed_at,
                          queued_at, created_at, transaction_id, position, commit_position, sequence)
SELECT id, database, schema, "table", primary_key, operation,
       COALESCE(before, '{}'), COALESCE(after, '{}'), COALESCE(context, '{}'), committed_at,
       COALESCE(queued_at, committed_at), COALESCE(created_at, committed_at), transaction_id, position, number, sequence
FROM (
    SELECT *, dense_rank() OVER (ORDER BY committed_at, transaction_id) AS number,
           row_number() OVER (PARTITION BY committed_at, transaction_id ORDER BY position, id) - 1 AS sequence
    FROM old_changes
) AS numbered
WHERE NOT EXISTS (SELECT FROM bemi.changes c WHERE c.id = numbered.id);

DROP VIEW old_changes;
