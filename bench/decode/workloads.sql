-- What is decoded. Every transaction has a context of 150 bytes, another one each time.

CREATE PROCEDURE bench.set_context(request int) LANGUAGE sql AS $$
    SELECT set_config('bemi.context',
        format('{"user_id": %s, "organization_id": 4711, "endpoint": "/todo/complete", "method": "POST", "request_id": "%s", "worker": "web.3"}',
               100000 + request % 1000, md5(request::text)), true)
$$;

CREATE TABLE narrow (id bigint PRIMARY KEY, task text NOT NULL, is_completed boolean NOT NULL);

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
    SELECT i, 'Buy "milk" and bread ' || i, i % 3 = 0
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
    FOR first IN 1 .. n BY size LOOP
        CALL bench.set_context(first);
        INSERT INTO narrow SELECT (bench.narrow_row(i)).* FROM generate_series(first, least(first + size - 1, n)) AS i;
        COMMIT;
    END LOOP;
END $$;

CREATE PROCEDURE bench.update_mixed(n int, size int) LANGUAGE plpgsql AS $$
BEGIN
    FOR first IN 1 .. n BY size LOOP
        CALL bench.set_context(first);
        UPDATE mixed SET version = version + 1, price = price + 1.25, updated_at = clock_timestamp(), is_active = NOT is_active,
                         settings = jsonb_set(settings, '{theme}', '"light"')
        WHERE id BETWEEN first AND first + size - 1;
        COMMIT;
    END LOOP;
END $$;

CREATE PROCEDURE bench.update_wide(n int, size int) LANGUAGE plpgsql AS $$
BEGIN
    FOR first IN 1 .. n BY size LOOP
        CALL bench.set_context(first);
        UPDATE wide SET version = version + 1 WHERE id BETWEEN first AND first + size - 1;
        COMMIT;
    END LOOP;
END $$;

-- CPU time of the walsender when it has sent everything up to there, which it goes on doing while we wait.
CREATE FUNCTION bench.walsender_cpu_ns(target pg_lsn) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    walsender int;
BEGIN
    LOOP
        SELECT pid INTO walsender FROM pg_stat_get_wal_senders() WHERE sent_lsn >= target;
        EXIT WHEN FOUND;
        PERFORM pg_sleep(0.005);
    END LOOP;
    RETURN bench.cpu_ns(walsender::text);
END $$;
