-- The procedures below run each command that these functions return in a transaction of its own.
CREATE FUNCTION bemi.steps_to_track(
    target regnamespace, level text, require_context text, ignore_columns text[], exclude_columns text[], redact_columns text[], skip_unchanged boolean, retention interval) RETURNS text[]
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_steps_to_track';
COMMENT ON FUNCTION bemi.steps_to_track(regnamespace, text, text, text[], text[], text[], boolean, interval) IS 'Internal, for bemi.track_each(): the commands that have still to be run.';
CREATE FUNCTION bemi.steps_to_untrack(target regnamespace) RETURNS text[]
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_steps_to_untrack';
COMMENT ON FUNCTION bemi.steps_to_untrack(regnamespace) IS 'Internal, for bemi.untrack_each(): the commands that have still to be run.';
CREATE FUNCTION bemi.track_by_schema(
    target regclass, level text, require_context text, ignore_columns text[], exclude_columns text[], redact_columns text[], skip_unchanged boolean, retention interval) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_track_by_schema';
COMMENT ON FUNCTION bemi.track_by_schema(regclass, text, text, text[], text[], text[], boolean, interval) IS 'Internal, for bemi.track_each(): tracks one table because its schema is tracked.';
CREATE FUNCTION bemi.set_rule(
    target regnamespace, level text, require_context text, ignore_columns text[], exclude_columns text[], redact_columns text[], skip_unchanged boolean, retention interval) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_set_rule';
COMMENT ON FUNCTION bemi.set_rule(regnamespace, text, text, text[], text[], text[], boolean, interval) IS 'Internal, for bemi.track_each(): tables that are created in the schema later are tracked.';
CREATE FUNCTION bemi.remove_rule(target regnamespace) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_remove_rule';
COMMENT ON FUNCTION bemi.remove_rule(regnamespace) IS 'Internal, for bemi.untrack_each(): tables that are created in the schema later are not tracked.';

-- A procedure with a SET clause cannot COMMIT. So these qualify every name, those of operators too.

CREATE PROCEDURE bemi.run_steps(remaining text, target regnamespace, lock_timeout interval)
    LANGUAGE plpgsql AS $$
DECLARE
    steps text[];
    step text;
    message text;
    -- lock_timeout = 0 would wait for ever
    milliseconds bigint := GREATEST(1, pg_catalog.date_part('epoch', lock_timeout) OPERATOR(pg_catalog.*) 1000);
BEGIN
    IF target IS NULL THEN
        RETURN;
    END IF;
    IF (lock_timeout OPERATOR(pg_catalog.>) '0'::interval) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING MESSAGE = '"lock_timeout" must be greater than zero';
    END IF;
    COMMIT; -- an error if the caller has a transaction open, before anything is done
    FOR round IN 1 .. 6 LOOP
        EXECUTE remaining INTO steps USING target;
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
                    RAISE WARNING USING ERRCODE = SQLSTATE, MESSAGE = pg_catalog.format('could not run "%s"', step), DETAIL = message,
                        HINT = 'Call the procedure again to run the commands that have failed.';
                END IF;
            END;
            COMMIT;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE bemi.run_steps(text, regnamespace, interval) IS
    'Internal, for bemi.track_each() and bemi.untrack_each(): runs each command in a transaction of its own, and retries those that fail.';

CREATE PROCEDURE bemi.track_each(target regnamespace, level text DEFAULT NULL, lock_timeout interval DEFAULT '200 ms',
                                 require_context text DEFAULT NULL, ignore_columns text[] DEFAULT NULL, exclude_columns text[] DEFAULT NULL,
                                 redact_columns text[] DEFAULT NULL, skip_unchanged boolean DEFAULT NULL, retention interval DEFAULT NULL)
    LANGUAGE plpgsql AS $$
BEGIN
    CALL bemi.run_steps(
        pg_catalog.format('SELECT bemi.steps_to_track($1, %L, %L, %L, %L, %L, %L, %L)',
                          level, require_context, ignore_columns, exclude_columns, redact_columns, skip_unchanged, retention),
        target, lock_timeout);
END
$$;
COMMENT ON PROCEDURE bemi.track_each(regnamespace, text, interval, text, text[], text[], text[], boolean, interval) IS
    'Tracks a schema as bemi.track_schema() does, on a server in use: with a transaction for each table, which waits for no lock longer than lock_timeout, and with retries.';

CREATE PROCEDURE bemi.untrack_each(target regnamespace, lock_timeout interval DEFAULT '200 ms')
    LANGUAGE plpgsql AS $$
BEGIN
    COMMIT; -- an error if the caller has a transaction open
    IF pg_catalog.cardinality(bemi.steps_to_untrack(target)) OPERATOR(pg_catalog.=) 0 THEN
        RAISE undefined_object USING MESSAGE = pg_catalog.format('schema "%s" is not tracked', target),
            HINT = 'SELECT schema FROM bemi.tracked_schemas lists the tracked schemas.';
    END IF;
    CALL bemi.run_steps('SELECT bemi.steps_to_untrack($1)', target, lock_timeout);
END
$$;
COMMENT ON PROCEDURE bemi.untrack_each(regnamespace, interval) IS
    'Ends the tracking of a schema as bemi.untrack_schema() does, on a server in use: see bemi.track_each().';
