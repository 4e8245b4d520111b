-- Stores the lines of wal2json that come in, inserts of a table whose key is its first column, as changes.
BEGIN;
\copy line FROM pstdin (FORMAT csv, QUOTE e'\x01', DELIMITER e'\x02')
INSERT INTO stored (id, database, schema, "table", primary_key, operation, before, after, context, committed_at, queued_at,
                    created_at, transaction_id, position, commit_position, sequence)
SELECT gen_random_uuid(), current_database(), line ->> 'schema', line ->> 'table', line #>> '{columns,0,value}', 'CREATE', '{}',
       (SELECT jsonb_object_agg(c ->> 'name', c -> 'value') FROM jsonb_array_elements(line -> 'columns') AS c), '{}',
       (line ->> 'timestamp')::timestamptz, now(), now(), (line ->> 'xid')::bigint, (line ->> 'lsn')::pg_lsn - '0/0',
       (line ->> 'lsn')::pg_lsn - '0/0', row_number() OVER ()
FROM line;
TRUNCATE line;
COMMIT;
