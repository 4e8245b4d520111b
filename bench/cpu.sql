CREATE SCHEMA bench;

-- CPU time of a process in ns, user and system. The kernel brings its counter up to date when it takes the
-- process off the CPU: hence the sleep.
CREATE FUNCTION bench.cpu_ns(pid text DEFAULT 'self') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.001);
    RETURN split_part(pg_read_file('/proc/' || pid || '/schedstat'), ' ', 1)::bigint;
END $$;
