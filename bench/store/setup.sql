-- A tracked table, its worker, and what the measurements need.
CREATE TABLE todo (id bigint PRIMARY KEY, task text);
CREATE SEQUENCE ids CACHE 1000;
SELECT bemi.track('todo', level => 'statement');

CREATE TABLE sample (round int, name text, value float8);
CREATE TABLE latency (seconds float8);

-- Makes a change and waits until it is stored, and with it all that was committed before.
CREATE PROCEDURE store_change(pause float8, INOUT seconds float8 DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint;
    committed timestamptz;
BEGIN
    INSERT INTO todo VALUES (nextval('ids'), 'Wait') RETURNING id INTO wanted;
    COMMIT;
    committed := clock_timestamp();
    LOOP
        PERFORM FROM bemi.changes
        WHERE "table" = 'todo' AND primary_key = wanted::text AND committed_at > committed - interval '1 minute';
        EXIT WHEN FOUND;
        PERFORM pg_sleep(pause);
        COMMIT;
    END LOOP;
    seconds := extract(epoch FROM clock_timestamp() - committed);
END $$;

CREATE PROCEDURE measure_latency(count int) LANGUAGE plpgsql AS $$
DECLARE
    seconds float8;
BEGIN
    FOR i IN 1 .. count LOOP
        CALL store_change(0.0002, seconds);
        INSERT INTO latency VALUES (seconds);
        PERFORM pg_sleep(0.01);
        COMMIT;
    END LOOP;
END $$;

CREATE PROCEDURE wait_until_stopped() LANGUAGE plpgsql AS $$
BEGIN
    WHILE (SELECT pid IS NOT NULL FROM bemi.metrics) LOOP
        COMMIT;
        PERFORM pg_sleep(0.01);
    END LOOP;
END $$;

SELECT bemi.start();
CALL store_change(0.01);

-- The yardstick's.
CREATE UNLOGGED TABLE line (line jsonb);
SELECT format('CREATE TABLE stored (LIKE %s INCLUDING INDEXES)', partition) FROM bemi.partitions
WHERE now() >= from_time AND now() < to_time
\gexec
