-- Statements within statements, at random, with settings, savepoints and errors: each row says which context it must
-- have, that of its moment (level 'row') or of the start of its statement (level 'statement').
\t on
\pset format unaligned
CREATE TABLE each_row (expected jsonb);
CREATE TABLE each_statement (expected jsonb, note text);
SELECT bemi.track('each_row'), bemi.track('each_statement', 'statement');
SELECT FROM pg_create_logical_replication_slot('regress', 'bemi');

CREATE FUNCTION write_at_random(depth int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    now jsonb;
BEGIN
    IF depth = 0 THEN
        RETURN 'deep';
    END IF;
    FOR i IN 1 .. 1 + floor(random() * 3) LOOP
        IF random() < 0.5 THEN
            PERFORM set_config('bemi.context', jsonb_build_object('n', floor(random() * 4))::text, true);
        ELSIF random() < 0.2 THEN
            PERFORM set_config('bemi.context', '', true);
        END IF;
        now := bemi.current_context();
        CASE floor(random() * 7)
        WHEN 0, 1 THEN
            INSERT INTO each_row VALUES (now);
        WHEN 2 THEN
            INSERT INTO each_statement VALUES (now, 'alone');
        WHEN 3 THEN
            INSERT INTO each_statement SELECT now, write_at_random(depth - 1) FROM generate_series(1, 3);
        WHEN 4 THEN
            BEGIN
                UPDATE each_statement SET expected = now, note = write_at_random(depth - 1)
                WHERE ctid IN (SELECT ctid FROM each_statement LIMIT 2);
            EXCEPTION WHEN triggered_data_change_violation THEN
                INSERT INTO each_row VALUES (bemi.current_context());
            END;
        WHEN 5 THEN
            BEGIN
                INSERT INTO each_statement
                SELECT now, (1 / floor(random() * 3))::text || write_at_random(depth - 1) FROM generate_series(1, 2);
            EXCEPTION WHEN division_by_zero THEN
                INSERT INTO each_row VALUES (bemi.current_context());
            END;
        WHEN 6 THEN
            WITH a AS (INSERT INTO each_row SELECT now FROM generate_series(1, 2) WHERE write_at_random(depth - 1) IS NOT NULL)
            INSERT INTO each_statement SELECT now, write_at_random(depth - 1) FROM generate_series(1, 2);
        END CASE;
    END LOOP;
    RETURN 'done';
END
$$;

DO $$
BEGIN
    FOR i IN 1 .. 400 LOOP
        PERFORM setseed(i / 1000.0);
        PERFORM write_at_random(3);
        COMMIT;
    END LOOP;
END
$$;
CREATE TABLE decoded AS SELECT data::jsonb AS change FROM pg_logical_slot_get_changes('regress', NULL, NULL);
SELECT count(*) > 3000, count(DISTINCT change -> 'context') FROM decoded;
SELECT change ->> 'table', change ->> 'operation', change -> 'after', change -> 'context', count(*)
FROM decoded WHERE change -> 'after' -> 'expected' <> change -> 'context' GROUP BY 1, 2, 3, 4 LIMIT 10;

SELECT FROM pg_drop_replication_slot('regress');
DROP TABLE each_row, each_statement, decoded;
DROP FUNCTION write_at_random(int);
