-- A table with its history, four times: bemi's, one that nobody watches, and those of the peers. :rows is the number of its rows,
-- each of which has ten changes.
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION periods;
CREATE EXTENSION table_log;

CREATE TABLE item (
    id int PRIMARY KEY, name text, price numeric(10, 2), amount int, status text, created timestamptz, updated timestamptz, note text);
CREATE TABLE plain (LIKE item INCLUDING ALL);
CREATE TABLE with_periods (LIKE item INCLUDING ALL);
CREATE TABLE with_tablelog (LIKE item INCLUDING ALL);
SELECT format('INSERT INTO %I SELECT i, ''name '' || i, i, i, ''new'', now(), now(), ''a note of some length'' FROM generate_series(1, %s) AS i',
              name, :rows)
FROM unnest('{item,plain,with_periods,with_tablelog}'::text[]) AS name \gexec
SELECT bemi.track('item'), bemi.start();
SELECT periods.add_system_time_period('with_periods'), periods.add_system_versioning('with_periods');
SELECT table_log_init(4, 'with_tablelog');

CREATE TABLE bench.moment ("table" text, name text, at timestamptz, transaction_id bigint);

-- Each change is a transaction of its own. A moment lies between two of them.
CREATE PROCEDURE bench.change("table" text, changes text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE %I SET %s', "table", changes);
    INSERT INTO bench.moment VALUES ("table", changes, clock_timestamp(), pg_current_xact_id()::text::bigint);
    COMMIT;
    PERFORM pg_sleep(0.01);
END
$$;
CREATE PROCEDURE bench.note("table" text, name text) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.moment VALUES ("table", name, clock_timestamp());
    COMMIT;
    PERFORM pg_sleep(0.01);
END
$$;
CREATE PROCEDURE bench.write("table" text) LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 1 .. 5 LOOP
        CALL bench.change("table", 'price = price + 1');
    END LOOP;
    CALL bench.note("table", 'half of the changes');
    FOR n IN 1 .. 3 LOOP
        CALL bench.change("table", 'price = price + 1');
    END LOOP;
    CALL bench.change("table", 'price = price + 1 WHERE id % 10 > 0');
    CALL bench.change("table", $c$status = 'sold'$c$);
    CALL bench.note("table", '1 % of the changes');
    CALL bench.change("table", 'amount = amount + 1 WHERE id % 10 = 0');
END
$$;
