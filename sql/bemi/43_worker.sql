CREATE FUNCTION bemi.start() RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_start';
COMMENT ON FUNCTION bemi.start() IS
    'Starts the worker that stores the changes of tracked tables in bemi.changes. It starts again with the server.';

CREATE FUNCTION bemi.stop(drop_slot boolean DEFAULT false) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_stop';
COMMENT ON FUNCTION bemi.stop(boolean) IS
    'Pauses the worker; the next bemi.start() continues where it has stopped. With drop_slot, the worker ends and the WAL is not kept.';

CREATE FUNCTION bemi.acknowledge_gap(id bigint) RETURNS void
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_acknowledge_gap';
COMMENT ON FUNCTION bemi.acknowledge_gap(bigint) IS
    'Marks a row of bemi.gaps as known, so that bemi.doctor() no longer shows it.';

CREATE FUNCTION bemi.acknowledge_errors(until timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE c STRICT SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_acknowledge_errors';
COMMENT ON FUNCTION bemi.acknowledge_errors(timestamptz) IS
    'Marks the rows of bemi.errors that occurred until then as known, and returns how many they are.';

REVOKE ALL ON FUNCTION bemi.start(), bemi.stop(boolean), bemi.acknowledge_gap(bigint), bemi.acknowledge_errors(timestamptz)
    FROM PUBLIC;

CREATE FUNCTION bemi.sync(timeout interval DEFAULT NULL) RETURNS pg_lsn
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_sync';
COMMENT ON FUNCTION bemi.sync(interval) IS
    'Waits until all that was committed before the call is stored, for the timeout or for bemi.sync_timeout, and returns the WAL position.';

CREATE FUNCTION bemi.listen() RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_listen';
COMMENT ON FUNCTION bemi.listen() IS
    'Listens to the channel bemi_changes, on which the worker notifies after each batch of changes that it has stored while a session listens.';

CREATE FUNCTION bemi.worker_report(
    OUT activity text, OUT stored_position pg_lsn, OUT lag_bytes bigint, OUT lag interval, OUT lag_is_exact boolean,
    OUT transaction_id bigint, OUT changes_read bigint, OUT changes_stored bigint) RETURNS record
    LANGUAGE c AS 'MODULE_PATHNAME', 'bemi_worker_report';
COMMENT ON FUNCTION bemi.worker_report() IS
    'Internal, for bemi.metrics: what the worker of this database publishes in shared memory; null if the server was restarted without a worker.';
