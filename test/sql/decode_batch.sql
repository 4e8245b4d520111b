-- batch-size: many lines in one write; who splits on line breaks sees the lines that come without it
\pset format unaligned
\pset footer off
\set SHOW_CONTEXT never
CREATE TABLE batched (id int PRIMARY KEY, note text);
SELECT 'made' AS slot FROM pg_create_logical_replication_slot('regress_bemi_batch', 'bemi');
INSERT INTO batched SELECT i, repeat('x', i * 10) FROM generate_series(1, 100) AS i;
UPDATE batched SET note = e'line\nbreak' WHERE id <= 3;
INSERT INTO batched VALUES (0, repeat('large', 10000));
BEGIN;
SELECT pg_logical_emit_message(false, 'outside', 'at once') IS NOT NULL AS sent;
INSERT INTO batched VALUES (-1);
SELECT pg_logical_emit_message(true, 'inside', 'with the transaction') IS NOT NULL AS sent;
COMMIT;
TRUNCATE batched;

CREATE FUNCTION writes(batch_size text) RETURNS TABLE (number bigint, data text) LANGUAGE sql AS $$
    SELECT row_number() OVER (), data
    FROM pg_logical_slot_peek_changes('regress_bemi_batch', NULL, NULL, 'batch-size', batch_size, 'transactions', 'on', 'messages', '*')
$$;
CREATE FUNCTION lines(batch_size text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT line FROM writes(batch_size), regexp_split_to_table(data, e'\n') WITH ORDINALITY AS l (line, n) ORDER BY number, n
$$;

SELECT size, array(SELECT lines(size)) = array(SELECT lines('0')) AS same, (SELECT count(*) FROM lines(size)) AS lines
FROM unnest(array['1', '500', '8192', '1048576']) AS size;
-- every write but the last of a transaction has at least so many bytes, and is not longer than it must be
SELECT count(*) AS writes, bool_and(octet_length(data) >= 8192 OR data ~ '"operation":"COMMIT"[^\n]*$' OR data ~ '"outside"') AS full,
       bool_and(octet_length(regexp_replace(data, '\n[^\n]*$', '')) < 8192 OR data !~ '\n') AS no_longer
FROM writes('8192');
-- a batch ends with its transaction
SELECT count(*) AS writes, bool_and(data ~ '"operation":"COMMIT"[^\n]*$' OR data ~ '"outside"') AS end_with_commit
FROM writes('1048576');
-- without batches a line has the LSN of its row, but the last of a transaction that of its end: who acknowledges what he
-- received has acknowledged the transaction
SELECT count(*) AS lines, sum(is_last::int) AS last_ones,
       bool_and(CASE WHEN is_last THEN lsn - '0/0' > commit_position ELSE lsn - '0/0' = position END) AS right_lsn
FROM (SELECT lsn, (change->>'position')::numeric AS position, (change->>'commit_position')::numeric AS commit_position,
             lead(change->>'commit_position') OVER () IS DISTINCT FROM change->>'commit_position' AS is_last
      FROM pg_logical_slot_peek_changes('regress_bemi_batch', NULL, NULL), CAST(data AS json) AS change) AS line;
-- what is not allowed
SELECT lines('-1');
SELECT lines('8kB');
SELECT lines('1048577');
SELECT lines('');

SELECT 'dropped' AS slot FROM pg_drop_replication_slot('regress_bemi_batch');
DROP FUNCTION lines, writes;
DROP TABLE batched;
