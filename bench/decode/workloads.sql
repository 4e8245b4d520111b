-- What is decoded. Every transaction has a context of 150 bytes, another one each time.

CREATE PROCEDURE bench.set_context(request int) LANGUAGE sql AS $$
    SELECT set_config('bemi.context',
        format('{"user_id": %s, "organization_id": 4711, "endpoint": "/todo/complete", "method": "POST", "request_id": "%s", "worker": "web.3"}',
               100000 + request % 1000, md5(request::text)), true)
$$;

CREATE TABLE narrow (
    id bigint PRIMARY KEY,
    user_id integer NOT NULL,
    task text NOT NULL,
    is_completed boolean NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE mixed (
    id bigint PRIMARY KEY,
    version integer NOT NULL,
    priority smallint,
    quantity integer,
    parent_id bigint,
    price numeric(12,2) NOT NULL,
    rate numeric,
    latitude double precision,
    score real,
    is_active boolean NOT NULL,
    is_deleted boolean NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    email varchar(100),
    external_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    due_on date,
    settings jsonb NOT NULL,
    deleted_reason text
);

-- Rows as long as they are, neither compressed nor moved out.
CREATE TABLE wide (id bigint PRIMARY KEY, version integer NOT NULL, body text NOT NULL) WITH (toast_tuple_target = 8160);

SELECT bemi.track(t) FROM unnest('{narrow, mixed, wide}'::regclass[]) AS t;
CREATE PUBLICATION bench FOR ALL TABLES;

CREATE FUNCTION bench.narrow_row(i int) RETURNS narrow LANGUAGE sql AS $$
    SELECT i, i % 1000, 'Buy "milk" and bread ' || i, i % 3 = 0, clock_timestamp()
$$;

CREATE PROCEDURE bench.fill_mixed(n int) LANGUAGE sql AS $$
    INSERT INTO mixed
    SELECT i, 1, i % 5, i % 1000, nullif(i / 10, 0), i * 0.37, 1 / (i + 1.0), 52.0 + i / 1e6, i / 7.0, true, i % 10 = 0,
           'Order ' || i, 'Deliver to the back door, ring twice; "fragile". Number ' || md5(i::text),
           'user' || i || '@example.com', md5(i::text)::uuid,
           '2024-01-01 12:00:00+00'::timestamptz + i * interval '1.001 seconds', '2024-06-01 12:00:00.123+00', date '2024-01-01' + i % 365,
           jsonb_build_object('theme', 'dark', 'limits', jsonb_build_array(i, i * 2.5, null), 'notify', jsonb_build_object('email', true, 'sms', false)),
           NULL
    FROM generate_series(1, n) AS i
$$;

CREATE PROCEDURE bench.fill_wide(n int) LANGUAGE sql AS $$
    INSERT INTO wide
    SELECT i, 1, (SELECT string_agg(md5((i * 1000 + j)::text), CASE j % 4 WHEN 0 THEN E'\n' ELSE ' ' END) FROM generate_series(1, 124) AS j)
    FROM generate_series(1, n) AS i
$$;

-- n rows in transactions of `size`.
CREATE PROCEDURE bench.insert_narrow(n int, size int) LANGUAGE plpgsql AS $$
BEGIN
    FOR lowest IN 1 .. n BY size LOOP
        CALL bench.set_context(lowest);
        INSERT INTO narrow SELECT (bench.narrow_row(i)).* FROM generate_series(lowest, least(lowest + size - 1, n)) AS i;
        COMMIT;
    END LOOP;
END $$;

-- n transactions that insert, update and delete a row in turn.
CREATE PROCEDURE bench.change_narrow(n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 0 .. n - 1 LOOP
        CALL bench.set_context(i);
        CASE i % 3
            WHEN 0 THEN INSERT INTO narrow SELECT (bench.narrow_row(i)).*;
            WHEN 1 THEN UPDATE narrow SET is_completed = NOT is_completed WHERE id = i - 1;
            WHEN 2 THEN DELETE FROM narrow WHERE id = i - 2;
        END CASE;
        COMMIT;
    END LOOP;
END $$;

CREATE PROCEDURE bench.update_mixed(n int, size int) LANGUAGE plpgsql AS $$
BEGIN
    FOR lowest IN 1 .. n BY size LOOP
        CALL bench.set_context(lowest);
        UPDATE mixed SET version = version + 1, price = price + 1.25, updated_at = clock_timestamp(), is_active = NOT is_active,
                         settings = jsonb_set(settings, '{theme}', '"light"')
        WHERE id BETWEEN lowest AND lowest + size - 1;
        COMMIT;
    END LOOP;
END $$;

CREATE PROCEDURE bench.update_wide(n int, size int) LANGUAGE plpgsql AS $$
BEGIN
    FOR lowest IN 1 .. n BY size LOOP
        CALL bench.set_context(lowest);
        UPDATE wide SET version = version + 1 WHERE id BETWEEN lowest AND lowest + size - 1;
        COMMIT;
    END LOOP;
END $$;

-- CPU time of the walsender when it has sent everything up to there, for which we wait.
CREATE FUNCTION bench.walsender_cpu_ns(target pg_lsn) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    walsender int;
    sent pg_lsn;
BEGIN
    LOOP
        SELECT pid, sent_lsn INTO walsender, sent FROM pg_stat_get_wal_senders();
        EXIT WHEN sent >= target;
        IF walsender IS NULL AND clock_timestamp() - started > interval '10 seconds' THEN
            RAISE EXCEPTION 'pg_recvlogical is not connected';
        END IF;
        PERFORM pg_sleep(0.005);
    END LOOP;
    RETURN bench.cpu_ns(walsender::text);
END $$;

-- Waits for the walsender that is leaving.
CREATE PROCEDURE bench.drop_slot(name text) LANGUAGE plpgsql AS $$
BEGIN
    WHILE (SELECT active FROM pg_replication_slots WHERE slot_name = name) LOOP
        PERFORM pg_sleep(0.005);
    END LOOP;
    PERFORM pg_drop_replication_slot(name);
END $$;
