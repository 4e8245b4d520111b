-- For the two procedures below: the commands that are left to do, each for a transaction of its own.
CREATE FUNCTION bemi.steps_to_track(target regnamespace, level text) RETURNS text[]
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_steps_to_track';
COMMENT ON FUNCTION bemi.steps_to_track(regnamespace, text) IS 'For bemi.track_each(): the commands that are left to do.';
CREATE FUNCTION bemi.steps_to_untrack(target regnamespace) RETURNS text[]
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_steps_to_untrack';
COMMENT ON FUNCTION bemi.steps_to_untrack(regnamespace) IS 'For bemi.untrack_each(): the commands that are left to do.';
CREATE FUNCTION bemi.track_by_schema(target regclass, level text) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track_by_schema';
COMMENT ON FUNCTION bemi.track_by_schema(regclass, text) IS 'A step of bemi.track_each(): tracks one table as its schema is.';
CREATE FUNCTION bemi.set_rule(target regnamespace, level text) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_set_rule';
COMMENT ON FUNCTION bemi.set_rule(regnamespace, text) IS 'A step of bemi.track_each(): tables to come are tracked.';
CREATE FUNCTION bemi.remove_rule(target regnamespace) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_remove_rule';
COMMENT ON FUNCTION bemi.remove_rule(regnamespace) IS 'A step of bemi.untrack_each(): tables to come are not tracked.';

-- A procedure with a SET clause cannot COMMIT. So these name the schema of all that they use, operators too.

CREATE PROCEDURE bemi.run_steps(remaining text, target regnamespace, level text, lock_timeout interval)
    LANGUAGE plpgsql AS $$
DECLARE
    steps text[];
    step text;
    message text;
    -- 0 would mean to wait for ever
    milliseconds bigint := GREATEST(1, pg_catalog.date_part('epoch', lock_timeout) OPERATOR(pg_catalog.*) 1000);
BEGIN
    IF target IS NULL THEN
        RETURN;
    END IF;
    IF (lock_timeout OPERATOR(pg_catalog.>) '0'::interval) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING MESSAGE = 'lock_timeout must be greater than zero';
    END IF;
    COMMIT; -- an error where the caller has a transaction open, before anything is done
    FOR round IN 1 .. 6 LOOP
        EXECUTE remaining INTO steps USING target, level;
        EXIT WHEN pg_catalog.cardinality(steps) OPERATOR(pg_catalog.=) 0;
        IF round OPERATOR(pg_catalog.>) 1 THEN
            COMMIT;
            PERFORM pg_catalog.pg_sleep(0.1);
        END IF;
        FOREACH step IN ARRAY steps LOOP
            BEGIN
                PERFORM pg_catalog.set_config('lock_timeout', pg_catalog.concat(milliseconds, 'ms'), true);
                EXECUTE step;
            EXCEPTION WHEN OTHERS THEN
                IF round OPERATOR(pg_catalog.=) 6 THEN
                    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
                    RAISE WARNING USING ERRCODE = SQLSTATE, MESSAGE = pg_catalog.concat('not done: ', step), DETAIL = message,
                        HINT = 'Call the procedure again for what is left.';
                END IF;
            END;
            COMMIT;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE bemi.run_steps(text, regnamespace, text, interval) IS
    'For bemi.track_each() and untrack_each(): runs each command in a transaction of its own, and tries again.';

CREATE PROCEDURE bemi.track_each(target regnamespace, level text DEFAULT NULL, lock_timeout interval DEFAULT '200 ms')
    LANGUAGE plpgsql AS $$
BEGIN
    CALL bemi.run_steps('SELECT bemi.steps_to_track($1, $2)', target, level, lock_timeout);
END
$$;
COMMENT ON PROCEDURE bemi.track_each(regnamespace, text, interval) IS
    'bemi.track_schema() for a server in use: one table a transaction, waits for no lock longer than lock_timeout, tries again.';

CREATE PROCEDURE bemi.untrack_each(target regnamespace, lock_timeout interval DEFAULT '200 ms')
    LANGUAGE plpgsql AS $$
BEGIN
    COMMIT; -- an error where the caller has a transaction open
    IF pg_catalog.cardinality(bemi.steps_to_untrack(target)) OPERATOR(pg_catalog.=) 0 THEN
        RAISE undefined_object USING MESSAGE = pg_catalog.format('schema "%s" is not tracked', target),
            HINT = 'SELECT schema FROM bemi.tracked_schemas lists the tracked schemas.';
    END IF;
    CALL bemi.run_steps('SELECT bemi.steps_to_untrack($1)', target, NULL, lock_timeout);
END
$$;
COMMENT ON PROCEDURE bemi.untrack_each(regnamespace, interval) IS
    'bemi.untrack_schema() for a server in use, as bemi.track_each() does it.';
