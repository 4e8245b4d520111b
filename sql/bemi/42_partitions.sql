CREATE VIEW bemi.partitions AS
SELECT c.oid::regclass AS partition,
       CASE WHEN b.bound LIKE '%FROM (MINVALUE)%' THEN '-infinity'
            ELSE substring(b.bound, $r$FROM \('([^']+)'\)$r$)::timestamptz END AS from_time,
       CASE WHEN b.bound LIKE '%TO (MAXVALUE)%' THEN 'infinity'
            ELSE substring(b.bound, $r$TO \('([^']+)'\)$r$)::timestamptz END AS to_time
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid)) AS b (bound)
WHERE i.inhparent = 'bemi.changes'::regclass AND NOT i.inhdetachpending;
COMMENT ON VIEW bemi.partitions IS 'The partitions of bemi.changes, and the times that each of them holds.';
COMMENT ON COLUMN bemi.partitions.partition IS 'The partition.';
COMMENT ON COLUMN bemi.partitions.from_time IS 'The earliest time of commit that it holds; null for a DEFAULT partition.';
COMMENT ON COLUMN bemi.partitions.to_time IS
    'Every time of commit that it holds is before this one; null for a DEFAULT partition.';

CREATE VIEW bemi.partition_indexes (definition, statement) AS VALUES
    ('btree (id)', 'ALTER TABLE %s ADD PRIMARY KEY (id);'),
    ('btree ("table", primary_key, committed_at)', 'CREATE INDEX ON %s ("table", primary_key, committed_at);'),
    ('btree (committed_at)', 'CREATE INDEX ON %s (committed_at);'),
    ('btree (transaction_id)', 'CREATE INDEX ON %s (transaction_id);'),
    ('gin (context)', 'CREATE INDEX ON %s USING gin (context jsonb_path_ops);');
COMMENT ON VIEW bemi.partition_indexes IS 'The indexes that each partition of bemi.changes has.';
COMMENT ON COLUMN bemi.partition_indexes.definition IS 'Access method and columns of the index.';
COMMENT ON COLUMN bemi.partition_indexes.statement IS 'The SQL that creates the index, with %s for the partition.';
