-- Thousands of random statements in random transactions and savepoints: every row that was committed says in its own
-- column under which context it was written, and that is the one a client sees for it.
\t on
\pset format unaligned
CREATE TABLE by_row (id serial PRIMARY KEY, expected jsonb);
CREATE TABLE by_statement (id serial PRIMARY KEY, expected jsonb);
CREATE TABLE parted (id serial, expected jsonb) PARTITION BY HASH (id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT bemi.track('by_row'), bemi.track('by_statement', 'statement'), bemi.track('parted');
-- changes it, asks for it, fails and is caught, as it comes
CREATE FUNCTION wander(steps int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR step IN 1..steps LOOP
        BEGIN
            CASE (random() * 6)::int
                WHEN 0 THEN PERFORM bemi.set_context(jsonb_build_object('f', (random() * 3)::int), random() < 0.5);
                WHEN 1 THEN PERFORM bemi.clear_context();
                WHEN 2 THEN PERFORM bemi.merge_context(jsonb_build_object('m', (random() * 2)::int), true);
                WHEN 3 THEN PERFORM bemi.current_context();
                WHEN 4 THEN INSERT INTO by_row (expected) VALUES (bemi.current_context());
                WHEN 5 THEN INSERT INTO parted (expected) SELECT bemi.current_context() FROM generate_series(1, 2);
                ELSE UPDATE by_statement SET expected = bemi.current_context() WHERE id % 7 = step;
            END CASE;
            IF random() < 0.2 THEN
                RAISE division_by_zero;
            END IF;
            IF steps > 2 AND random() < 0.2 THEN
                PERFORM wander(steps / 2);
            END IF;
        EXCEPTION WHEN division_by_zero THEN
            NULL;
        END;
    END LOOP;
END
$$;
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
SELECT FROM setseed(0.42);

-- a script without errors: it knows whether a transaction is open, and which savepoints there are
CREATE FUNCTION script(steps int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    is_open bool := false;
    savepoints int := 0;
    dice int;
    n int;
BEGIN
    FOR step IN 1..steps LOOP
        dice := (random() * 99)::int;
        n := (random() * 3)::int;
        IF NOT is_open AND dice < 30 THEN
            RETURN NEXT 'BEGIN';
            is_open := true;
        ELSIF is_open AND dice < 8 THEN
            RETURN NEXT CASE WHEN dice < 6 THEN 'COMMIT' ELSE 'ROLLBACK' END;
            is_open := false;
            savepoints := 0;
        ELSIF is_open AND dice < 20 THEN
            savepoints := savepoints + 1;
            RETURN NEXT format('SAVEPOINT s%s', savepoints);
        ELSIF savepoints > 0 AND dice < 34 THEN
            savepoints := 1 + (random() * (savepoints - 1))::int;
            IF dice < 29 THEN
                RETURN NEXT format('ROLLBACK TO s%s', savepoints);
            ELSE
                RETURN NEXT format('RELEASE s%s', savepoints);
                savepoints := savepoints - 1;
            END IF;
        ELSE
            RETURN NEXT CASE (random() * 10)::int
                WHEN 0 THEN format('SET %s bemi.context = ''{"n": %s}''', CASE WHEN is_open THEN 'LOCAL' END, n)
                WHEN 1 THEN format('SET bemi.context = ''{"session": %s}''', n)
                WHEN 2 THEN 'RESET bemi.context'
                WHEN 3 THEN 'INSERT INTO by_row (expected) SELECT bemi.current_context() FROM generate_series(1, 2)'
                WHEN 4 THEN format('INSERT INTO parted (expected) VALUES (bemi.current_context()) /*Bemi {"comment": %s} Bemi*/', n)
                WHEN 5 THEN format('INSERT INTO by_statement (expected) VALUES (bemi.current_context()) /*Bemi {"comment": %s} Bemi*/', n)
                WHEN 6 THEN 'UPDATE by_row SET expected = bemi.current_context() WHERE id % 10 = 3'
                WHEN 7 THEN 'UPDATE parted SET id = id + 1000000, expected = bemi.current_context() WHERE id % 10 = 3'
                WHEN 8 THEN 'SELECT bemi.current_context()'
                ELSE format('SELECT wander(%s) /*Bemi {"w": %s} Bemi*/', 1 + n, n)
            END;
        END IF;
    END LOOP;
    IF is_open THEN
        RETURN NEXT 'COMMIT';
    END IF;
END
$$;
\set ECHO none
\o /dev/null
SELECT script(2000) \gexec
\o
\set ECHO all
RESET bemi.context;

-- what a client makes of it: the context of a row is the last message before it in its transaction
CREATE TABLE seen AS
SELECT *, count(*) FILTER (WHERE data LIKE 'message:%') OVER (PARTITION BY transaction ORDER BY n) AS message
FROM (SELECT n, data, count(*) FILTER (WHERE data = 'BEGIN') OVER (ORDER BY n) AS transaction
      FROM pg_logical_slot_get_changes('regress', NULL, NULL, 'include-xids', '0') WITH ORDINALITY AS c (lsn, xid, data, n)) AS c;
CREATE TABLE attributed AS
SELECT n, data, substring(data, '.*expected\[jsonb\]:''(.*)''')::jsonb AS expected,
       coalesce(substring(first_value(data) OVER (PARTITION BY transaction, message ORDER BY n), '^message:.* content:(.*)')::jsonb, '{}') AS context
FROM seen WHERE data ~ '^(BEGIN|message:|table public\.(by_row|by_statement|parted))';
DELETE FROM attributed WHERE expected IS NULL OR data ~ '^table [^ ]+ DELETE:';

SELECT n, expected, context FROM attributed WHERE context <> expected ORDER BY n LIMIT 5;
SELECT count(*) > 500 AS rows, count(DISTINCT context) > 10 AS contexts, count(*) FILTER (WHERE context = '{}') > 10 AS without,
       count(*) FILTER (WHERE context <> expected) AS wrong
FROM attributed;
SELECT (SELECT count(*) FROM seen WHERE data LIKE 'message:%') < (SELECT count(*) FROM attributed) AS fewer_messages_than_rows;

SELECT FROM pg_drop_replication_slot('regress');
DROP TABLE by_row, by_statement, parted, seen, attributed;
DROP FUNCTION wander(int), script(int);
