-- two-phase=on: changes come when their transaction is prepared, and later what becomes of it.
SET synchronous_commit = on;
SET client_min_messages = warning;
\pset format unaligned
CREATE SCHEMA decode_two_phase;
SET search_path = decode_two_phase;
CREATE EXTENSION IF NOT EXISTS bemi;
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('decode_two_phase', 'bemi', false, true);
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('decode_two_phase_off', 'bemi', false, true);

CREATE TABLE t (id int PRIMARY KEY, what text);
SELECT bemi.track('t');
-- What is new, short, and without what differs from run to run. Transactions get numbers by when they are first seen.
CREATE TABLE transactions (number int GENERATED ALWAYS AS IDENTITY, transaction jsonb);
CREATE FUNCTION lines(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    changes jsonb[] := array(
        SELECT line::jsonb
        FROM pg_logical_slot_get_changes('decode_two_phase', NULL, NULL, VARIADIC array['two-phase', 'on', 'include-tables', 'decode_two_phase.t'] || options),
             regexp_split_to_table(data, '\n') line);
BEGIN
    INSERT INTO transactions (transaction)
    SELECT change->'transaction_id' FROM unnest(changes) change WHERE change->'transaction_id' NOT IN (SELECT transaction FROM transactions) GROUP BY 1 ORDER BY 1;
    RETURN QUERY
    SELECT concat_ws(' ', change->>'operation', change->>'primary_key', change->>'content', 'transaction ' || number,
                     'sequence ' || (change->>'sequence'), change->>'gid', change->>'context',
                     CASE WHEN change @> '{"committed_at": null, "commit_position": null}' THEN 'pending' WHEN change ?| array['committed_at', 'commit_position'] THEN 'committed' END,
                     CASE WHEN change @> '{"id": null}' THEN 'without id' WHEN change ? 'id' THEN 'with id' END)
    FROM unnest(changes) WITH ORDINALITY AS c (change, n) LEFT JOIN transactions ON transaction = change->'transaction_id'
    ORDER BY n;
END
$$;
SELECT count(*) FROM lines();

--
-- Committed, and rolled back
--
BEGIN;
SET LOCAL bemi.context = '{"who": "first"}';
INSERT INTO t VALUES (1, 'a');
SAVEPOINT a;
SET LOCAL bemi.context = '{"who": "never"}';
UPDATE t SET what = 'never';
ROLLBACK TO a;
INSERT INTO t VALUES (2, 'b');
PREPARE TRANSACTION 'first "one"';
SELECT lines();
BEGIN;
INSERT INTO t VALUES (3, 'c');
ROLLBACK;
BEGIN;
DELETE FROM t WHERE id > 100;
INSERT INTO t VALUES (4, 'd');
PREPARE TRANSACTION 'second';
INSERT INTO t VALUES (5, 'not prepared');
SELECT lines();
SET bemi.context = '{"who": "ends it"}';
COMMIT PREPARED 'first "one"';
SELECT lines();
ROLLBACK PREPARED 'second';
RESET bemi.context;
SELECT lines();

-- Both parts at once, and again in the order of the WAL
BEGIN;
INSERT INTO t VALUES (6, 'e');
PREPARE TRANSACTION 'third';
BEGIN;
INSERT INTO t VALUES (7, 'f');
PREPARE TRANSACTION 'fourth';
COMMIT PREPARED 'fourth';
COMMIT PREPARED 'third';
SELECT lines();

-- Bounds
BEGIN;
INSERT INTO t VALUES (8, 'g');
PREPARE TRANSACTION 'fifth';
COMMIT PREPARED 'fifth';
INSERT INTO t VALUES (9, 'h');
SELECT lines('transactions', 'on');

-- What is filtered does not come
BEGIN;
CREATE TABLE other (id int);
INSERT INTO other VALUES (1);
PREPARE TRANSACTION 'sixth';
SELECT lines('transactions', 'on');
COMMIT PREPARED 'sixth';
-- (not known any more to have been empty)
SELECT lines('transactions', 'on');
BEGIN;
INSERT INTO other VALUES (2);
PREPARE TRANSACTION 'seventh';
COMMIT PREPARED 'seventh';
BEGIN;
PREPARE TRANSACTION 'eighth';
COMMIT PREPARED 'eighth';
SELECT lines('transactions', 'on');

-- Messages
BEGIN;
SELECT pg_logical_emit_message(true, 'note', 'prepared') IS NOT NULL AS sent;
INSERT INTO t VALUES (10, 'i');
PREPARE TRANSACTION 'ninth';
COMMIT PREPARED 'ninth';
SELECT lines('messages', 'note', 'batch-size', '1000000');

--
-- Streamed before they are prepared
--
SET logical_decoding_work_mem = '64kB';
BEGIN;
SET LOCAL bemi.context = '{"who": "large"}';
INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1001, 2000) i;
SAVEPOINT a;
INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(2001, 3000) i;
ROLLBACK TO a;
INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(3001, 4000) i;
PREPARE TRANSACTION 'large';
CREATE FUNCTION summary(VARIADIC options text[]) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(l.line, '^(CREATE) \d+ (transaction \d+) sequence \d+', '\1 \2')
    FROM decode_two_phase.lines(VARIADIC options) WITH ORDINALITY AS l (line, n) GROUP BY 1 ORDER BY min(l.n)
$$;
SELECT summary('stream', 'on');
COMMIT PREPARED 'large';
SELECT summary('stream', 'on');
BEGIN;
INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(4001, 5000) i;
PREPARE TRANSACTION 'large, never';
ROLLBACK PREPARED 'large, never';
BEGIN;
INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(5001, 6000) i;
PREPARE TRANSACTION 'large, not streamed';
COMMIT PREPARED 'large, not streamed';
BEGIN;
INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(6001, 7000) i;
COMMIT;
SELECT summary('stream', 'on');

--
-- Read, but not acknowledged, when it ends: a client that has kept its lines is told of the end
--
SELECT count(*) FROM lines('stream', 'on');
CREATE FUNCTION ends(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', change->>'operation', change->>'gid', count(*) FILTER (WHERE change ? 'id'))
    FROM pg_logical_slot_peek_changes('decode_two_phase', NULL, NULL, VARIADIC array['two-phase', 'on', 'include-tables', 'decode_two_phase.t', 'messages', 'note'] || options) WITH ORDINALITY AS c (lsn, xid, data, n),
         jsonb(data) change
    GROUP BY change->>'operation', change->>'gid' ORDER BY min(n)
$$;
BEGIN;
INSERT INTO t VALUES (101, 'a');
PREPARE TRANSACTION 'small';
BEGIN;
INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(7001, 8000) i;
PREPARE TRANSACTION 'streamed';
BEGIN;
INSERT INTO t VALUES (102, 'b');
SAVEPOINT a;
INSERT INTO t VALUES (103, 'c');
ROLLBACK TO a;
PREPARE TRANSACTION 'savepoint';
BEGIN;
SELECT pg_logical_emit_message(true, 'note', 'prepared') IS NOT NULL AS sent;
PREPARE TRANSACTION 'message';
BEGIN;
INSERT INTO other VALUES (3);
PREPARE TRANSACTION 'filtered';
BEGIN;
INSERT INTO t VALUES (104, 'd');
PREPARE TRANSACTION 'kept';
SELECT ends(), ends('stream', 'on');
SELECT * FROM ends('transactions', 'on');
ROLLBACK PREPARED 'small';
ROLLBACK PREPARED 'streamed';
ROLLBACK PREPARED 'savepoint';
ROLLBACK PREPARED 'message';
COMMIT PREPARED 'kept';
-- again they do not come, but their ends do; PREPARE had come
SELECT ends();
SELECT ends('stream', 'on', 'transactions', 'on');
-- (that it had nothing to send is not known any more)
ROLLBACK PREPARED 'filtered';
SELECT ends();
-- acknowledged before the end
BEGIN;
INSERT INTO t VALUES (105, 'e');
PREPARE TRANSACTION 'acknowledged';
SELECT lines();
SELECT ends();
ROLLBACK PREPARED 'acknowledged';
SELECT ends();
SELECT lines();
-- (nor is it of one that is rolled back before it is read)
BEGIN;
INSERT INTO other VALUES (4);
PREPARE TRANSACTION 'filtered again';
ROLLBACK PREPARED 'filtered again';
BEGIN;
INSERT INTO other VALUES (5);
PREPARE TRANSACTION 'filtered and kept';
COMMIT PREPARED 'filtered and kept';
SELECT lines();

--
-- Off: they come when they are committed, with the same identity
--
SELECT concat_ws(' ', change->>'operation', change->>'primary_key', 'sequence ' || (change->>'sequence'), change->>'context') AS line
FROM (SELECT data::jsonb AS change FROM pg_logical_slot_peek_changes('decode_two_phase_off', NULL, NULL, 'include-tables', 'decode_two_phase.t')) c
WHERE length(change->>'primary_key') < 4;
SELECT count(*), count(DISTINCT change->'id') AS ids, count(*) FILTER (WHERE change->'commit_position' IS NULL) AS without_commit
FROM (SELECT data::jsonb AS change FROM pg_logical_slot_peek_changes('decode_two_phase_off', NULL, NULL, 'include-tables', 'decode_two_phase.t')) c;
WITH pending AS (
    SELECT data::jsonb AS change FROM pg_logical_slot_peek_changes('decode_two_phase_off', NULL, NULL, 'include-tables', 'decode_two_phase.t', 'two-phase', 'on', 'stream', 'on')
), assembled AS (
    SELECT coalesce(e.change, p.change)->'commit_position' AS commit_position, coalesce(e.change, p.change)->'committed_at' AS committed_at, p.change->'sequence' AS sequence, p.change->'after' AS after
    FROM pending p LEFT JOIN pending e ON p.change @> '{"id": null}' AND e.change->'transaction_id' = p.change->'transaction_id' AND e.change->>'operation' IN ('COMMIT PREPARED', 'STREAM COMMIT')
    WHERE p.change ? 'id'
), committed AS (
    SELECT data::jsonb AS change FROM pg_logical_slot_peek_changes('decode_two_phase_off', NULL, NULL, 'include-tables', 'decode_two_phase.t')
)
SELECT count(*) AS changes, count(a.commit_position) AS assembled
FROM committed c LEFT JOIN assembled a ON a.commit_position = c.change->'commit_position' AND a.sequence = c.change->'sequence'
    AND a.committed_at = c.change->'committed_at' AND a.after = c.change->'after';

-- What is not allowed
SELECT count(*) FROM pg_logical_slot_peek_changes('decode_two_phase', NULL, NULL, 'two-phase', 'maybe');
\set VERBOSITY terse
SELECT count(*) FROM pg_logical_slot_peek_changes('decode_two_phase', NULL, NULL, 'two-phase', 'on', 'format', 'wal2json');
SELECT count(*) FROM pg_logical_slot_peek_changes('decode_two_phase', NULL, NULL, 'format', 'wal2json', 'stream', 'on');
\set VERBOSITY default

SELECT bemi.untrack('t');
DROP SCHEMA decode_two_phase CASCADE;
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'decode_two_phase%';
