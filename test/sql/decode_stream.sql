-- stream=on: what is sent before the commit, put together, is what is sent after it.
SET synchronous_commit = on;
SET client_min_messages = warning;
SET logical_decoding_work_mem = '64kB';
\pset format unaligned
CREATE SCHEMA decode_stream;
SET search_path = decode_stream;
CREATE EXTENSION IF NOT EXISTS bemi;
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('decode_stream', 'bemi');

CREATE TABLE t (id int PRIMARY KEY, what text);
SELECT bemi.track('t');
CREATE TABLE untracked (id int, what text);

CREATE FUNCTION changes(VARIADIC options text[] DEFAULT '{}') RETURNS TABLE (n bigint, change jsonb) LANGUAGE sql AS $$
    SELECT row_number() OVER (), line::jsonb
    FROM pg_logical_slot_peek_changes('decode_stream', NULL, NULL, VARIADIC array['include-tables', 'decode_stream.*', 'messages', '*'] || options),
         regexp_split_to_table(data, '\n') line
$$;
-- What a consumer makes of a stream: a STREAM ABORT takes back what came before it, changes with its sequence or a higher one and
-- messages behind its position. A STREAM COMMIT completes what is left.
CREATE FUNCTION assembled(VARIADIC options text[] DEFAULT '{}') RETURNS TABLE (change jsonb) LANGUAGE sql AS $$
    WITH lines AS (
        SELECT change, change->>'operation' AS operation, change @> '{"commit_position": null}' AS pending,
               jsonb_build_object('committed_at', change->'committed_at', 'commit_position', change->'commit_position') AS commit,
               change->'transaction_id' AS transaction, (change->>'sequence')::int AS sequence,
               (change->'position')::numeric AS position,
               min((change->'sequence')::int) FILTER (WHERE change->>'operation' = 'STREAM ABORT') OVER later AS taken_back_from,
               min((change->'position')::numeric) FILTER (WHERE change->>'operation' = 'STREAM ABORT') OVER later AS taken_back_behind
        FROM changes(VARIADIC options || array['stream', 'on'])
        WINDOW later AS (PARTITION BY change->'transaction_id' ORDER BY n DESC))
    SELECT (CASE WHEN line.pending THEN line.change || ending.commit ELSE line.change END) - 'id'
    FROM lines line LEFT JOIN lines ending ON ending.operation = 'STREAM COMMIT' AND ending.transaction = line.transaction
    WHERE line.operation NOT LIKE 'STREAM%' AND (NOT line.pending OR ending.transaction IS NOT NULL)
        AND (line.taken_back_from IS NULL OR line.sequence < line.taken_back_from OR line.position <= line.taken_back_behind AND line.sequence IS NULL)
    ORDER BY (line.change || coalesce(ending.commit, '{}'))->'commit_position', line.sequence, line.position
$$;
-- What the stream is made of, and whether the whole is the same as without it.
CREATE FUNCTION stream(VARIADIC options text[] DEFAULT '{}')
RETURNS TABLE (lines text, whole bigint, same boolean) LANGUAGE plpgsql AS $$
DECLARE
    streamed jsonb[] := array(SELECT change FROM assembled(VARIADIC options));
    plain jsonb[] := array(SELECT change - 'id' FROM changes(VARIADIC options) ORDER BY change->'commit_position', (change->>'sequence')::int, change->'position');
BEGIN
    lines := (SELECT string_agg(line, ', ' ORDER BY line)
              FROM (SELECT DISTINCT concat_ws(' ', CASE WHEN change ? 'id' THEN CASE WHEN change @> '{"id": null}' THEN 'streamed' ELSE 'committed' END END, change->>'operation')
                    FROM changes(VARIADIC options || array['stream', 'on'])) l (line));
    whole := cardinality(streamed);
    same := streamed = plain;
    RETURN NEXT;
END
$$;
-- Each part has a slot of its own: of one that was read PostgreSQL may stream some again, to abort it at the end.
CREATE FUNCTION done() RETURNS text LANGUAGE sql AS $$
    SELECT pg_drop_replication_slot('decode_stream');
    SELECT 'done' FROM pg_create_logical_replication_slot('decode_stream', 'bemi')
$$;
CREATE FUNCTION fill(first int, last int, what text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO decode_stream.t SELECT i, what || ' ' || repeat('x', 100) FROM generate_series(first, last) i
$$;

--
-- Small transactions are not streamed; large ones are, each line with its sequence but without its commit
--
SELECT fill(1, 3, 'small');
BEGIN;
SET LOCAL bemi.context = '{"who": "large"}';
SELECT fill(1001, 2000, 'large');
COMMIT;
SELECT * FROM stream();
SELECT change - array['position', 'committed_at', 'commit_position', 'transaction_id', 'database', 'id'] AS change,
       change @> '{"id": null, "committed_at": null, "commit_position": null}' AS pending, change ? 'transaction_id' AS has_transaction
FROM changes('stream', 'on') WHERE change->>'primary_key' IN ('3', '1001', '2000') ORDER BY n;
SELECT change - array['committed_at', 'commit_position', 'transaction_id', 'database'] AS change, jsonb_typeof(change->'committed_at') AS committed_at,
       jsonb_typeof(change->'commit_position') AS commit_position, jsonb_typeof(change->'transaction_id') AS transaction_id
FROM changes('stream', 'on') WHERE change->>'operation' LIKE 'STREAM%';
SELECT * FROM stream('transactions', 'on', 'operations', 'update');
SELECT * FROM stream('stream', 'off', 'transactions', 'off');
SELECT done();

--
-- Savepoints that are rolled back after they were streamed
--
BEGIN;
SET LOCAL bemi.context = '{"who": "top"}';
SELECT fill(3001, 3010, 'before');
SAVEPOINT a;
SET LOCAL bemi.context = '{"who": "a"}';
SELECT fill(3011, 4000, 'in a');
SAVEPOINT b;
SET LOCAL bemi.context = '{"who": "b"}';
SELECT fill(4001, 5000, 'in b');
RELEASE b;
SELECT fill(5001, 6000, 'in a again');
ROLLBACK TO a;
SELECT fill(6001, 7000, 'after a');
SAVEPOINT c;
SET LOCAL bemi.context = '{"who": "c"}';
SELECT fill(7001, 8000, 'in c');
RELEASE c;
SAVEPOINT d;
DELETE FROM t WHERE id BETWEEN 6001 AND 7000;
TRUNCATE t;
ROLLBACK TO d;
SAVEPOINT e;
UPDATE t SET what = 'kept' WHERE id BETWEEN 6001 AND 6100;
ROLLBACK TO e;
DELETE FROM t WHERE id BETWEEN 6001 AND 6100;
COMMIT;
SELECT * FROM stream();
-- what went back and forth, and the contexts that stay
SELECT change->'sequence' AS sequence FROM changes('stream', 'on') WHERE change->>'operation' = 'STREAM ABORT' ORDER BY n;
SELECT change->'context' AS context, count(*) FROM assembled() GROUP BY 1 ORDER BY 1;
SELECT * FROM stream('batch-size', '1000000');
SELECT done();

-- A subtransaction that writes only after one within it
BEGIN;
SELECT fill(9001, 9100, 'top');
SAVEPOINT outer_one;
SAVEPOINT inner_one;
SELECT fill(10001, 10500, 'inner');
RELEASE inner_one;
SELECT fill(10501, 11000, 'outer');
SAVEPOINT inner_two;
SELECT fill(11001, 11500, 'inner again');
RELEASE inner_two;
ROLLBACK TO outer_one;
SELECT fill(11501, 12000, 'top');
COMMIT;
SELECT * FROM stream();
SELECT done();

-- A subtransaction that is rolled back without having written itself
BEGIN;
SELECT fill(13001, 13100, 'top');
SAVEPOINT outer_one;
SAVEPOINT inner_one;
SELECT fill(13101, 14000, 'inner');
RELEASE inner_one;
SAVEPOINT inner_two;
SELECT fill(14001, 15000, 'inner');
RELEASE inner_two;
ROLLBACK TO outer_one;
SELECT fill(15001, 16000, 'top');
COMMIT;
SELECT * FROM stream();
SELECT done();

-- A whole transaction
BEGIN;
SELECT fill(17001, 18000, 'never');
SAVEPOINT a;
SELECT fill(18001, 19000, 'never');
ROLLBACK;
SELECT * FROM stream();
SELECT done();

-- Blocks that catch exceptions
BEGIN;
DO $$
BEGIN
    FOR i IN 1..400 LOOP
        BEGIN
            PERFORM set_config('bemi.context', format('{"i": %s}', i), true);
            PERFORM decode_stream.fill(20000 + 10 * i, 20009 + 10 * i, 'block');
            IF i % 3 = 0 THEN
                RAISE 'rolled back';
            END IF;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
        INSERT INTO decode_stream.untracked VALUES (i, 'no message here');
    END LOOP;
END
$$;
COMMIT;
SELECT * FROM stream();
SELECT done();

-- A large value, which PostgreSQL spills to disk before it is streamed
ALTER TABLE t ALTER what SET STORAGE EXTERNAL;
BEGIN;
SELECT fill(26001, 26010, 'top');
INSERT INTO t VALUES (26011, repeat('x', 100000));
SAVEPOINT a;
INSERT INTO t VALUES (26012, repeat('x', 9000000));
ROLLBACK TO a;
SELECT fill(26013, 27000, 'after it');
COMMIT;
-- 18 does not send what it knows to be rolled back
SELECT whole, same FROM stream('include-tables', 'decode_stream.t');
SELECT done();

--
-- Contexts that nobody repeats after a rollback, and other messages
--
-- (they are written by hand here, in place of such a trigger)
CREATE TRIGGER _bemi_row_trigger_x BEFORE INSERT ON untracked FOR EACH ROW WHEN (false) EXECUTE FUNCTION suppress_redundant_updates_trigger();
BEGIN;
SELECT pg_logical_emit_message(true, '_bemi', '{"who": "top"}') IS NOT NULL AS sent;
INSERT INTO untracked SELECT i, repeat('x', 100) FROM generate_series(1, 1000) i;
SAVEPOINT a;
SELECT pg_logical_emit_message(true, '_bemi', '{"who": "a"}') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(true, 'note', 'in a') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(false, 'note', 'at once') IS NOT NULL AS sent;
INSERT INTO untracked SELECT i, repeat('x', 100) FROM generate_series(1001, 2000) i;
SAVEPOINT b;
SELECT pg_logical_emit_message(true, '_bemi', '{"who": "b"}') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(true, '_bemi', '{"who": "b again"}') IS NOT NULL AS sent;
INSERT INTO untracked SELECT i, repeat('x', 100) FROM generate_series(2001, 3000) i;
ROLLBACK TO a;
SELECT pg_logical_emit_message(true, 'note', 'after a') IS NOT NULL AS sent;
INSERT INTO untracked SELECT i, repeat('x', 100) FROM generate_series(3001, 4000) i;
SAVEPOINT c;
SELECT pg_logical_emit_message(true, '_bemi', '{"who": "c"}') IS NOT NULL AS sent;
INSERT INTO untracked VALUES (4000, 'in c');
RELEASE c;
INSERT INTO untracked SELECT i, repeat('x', 100) FROM generate_series(4001, 5000) i;
SAVEPOINT d;
SELECT pg_logical_emit_message(true, '_bemi', 'nonsense') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(true, '_bemi', '{}') IS NOT NULL AS sent;
INSERT INTO untracked SELECT i, repeat('x', 100) FROM generate_series(5001, 6000) i;
ROLLBACK TO d;
TRUNCATE t, untracked;
COMMIT;
SELECT * FROM stream();
SELECT change->>'operation' AS operation, change->'context' AS context, count(*) FROM assembled() GROUP BY 1, 2 ORDER BY min((change->>'sequence')::int), 1, 2::text;
SELECT * FROM stream('include-tables', 'decode_stream.none', 'messages', 'none');
SELECT * FROM stream('include-tables', 'decode_stream.none', 'messages', 'note');
SELECT done();

--
-- Catalogs that were rolled back together with the rows
--
BEGIN;
SELECT fill(30001, 30500, 'before');
SAVEPOINT a;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE moody (id int, m mood, filler text);
INSERT INTO moody SELECT i, 'sad', repeat('x', 100) FROM generate_series(1, 1000) i;
ROLLBACK TO a;
CREATE TYPE mood AS ENUM ('fine');
CREATE TABLE moody (m mood, filler text);
INSERT INTO moody SELECT 'fine', repeat('x', 100) FROM generate_series(1, 1000) i;
SAVEPOINT b;
ALTER TABLE moody ADD note text DEFAULT 'new';
ALTER TYPE mood RENAME VALUE 'fine' TO 'great';
INSERT INTO moody SELECT 'great', repeat('x', 100) FROM generate_series(1, 1000) i;
ROLLBACK TO b;
INSERT INTO moody SELECT 'fine', repeat('x', 100) FROM generate_series(1, 1000) i;
COMMIT;
SELECT * FROM stream();
SELECT * FROM stream('batch-size', '1000000');
SELECT * FROM stream('tracked-only', 'on');
SELECT change->'after'->'m' AS mood, change->'after' ? 'note' AS note, count(*) FROM assembled() WHERE change->>'table' = 'moody' GROUP BY 1, 2;
SELECT done();

-- What is to be known of a table, when it is first needed in what was rolled back
BEGIN;
SELECT fill(40001, 40500, 'before');
SAVEPOINT a;
UPDATE t SET what = 'never' WHERE id BETWEEN 40001 AND 40500;
ROLLBACK TO a;
UPDATE t SET what = 'after' WHERE id BETWEEN 40001 AND 40500;
COMMIT;
SELECT * FROM stream('operations', 'update', 'tracked-only', 'on');
SELECT done();

-- A value whose text needs the catalog, which tells in the middle of the line that its transaction was rolled back
CREATE TABLE classes (id int, class regclass, filler text);
BEGIN;
INSERT INTO classes SELECT i, 'pg_class', repeat('x', 100) FROM generate_series(1, 500) i;
SAVEPOINT a;
INSERT INTO classes VALUES (501, 'pg_attribute', 'rolled back');
INSERT INTO classes SELECT i, 'pg_class', repeat('x', 100) FROM generate_series(502, 1000) i;
ROLLBACK TO a;
INSERT INTO classes SELECT i, 'pg_proc', repeat('x', 100) FROM generate_series(1001, 1500) i;
COMMIT;
SELECT * FROM stream();
SELECT * FROM stream('batch-size', '1000000');

SELECT bemi.untrack('t');
DROP SCHEMA decode_stream CASCADE;
SELECT pg_drop_replication_slot('decode_stream');
