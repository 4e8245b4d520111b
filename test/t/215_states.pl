# What the worker shows: bemi.status and bemi.metrics in each of their states, the server log, and the names of processes.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', 'log_min_messages = warning');
create_todo($node);

sub becomes {
    my ($condition, $name) = @_;
    ok($node->poll_query_until('postgres', "SELECT $condition FROM bemi.metrics"), $name) or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));
}
sub logged { like(slurp_file($node->logfile), $_[0], $_[1]) }

is(one_of($node, 'SELECT state, lag FROM bemi.status'), 'not started|', 'not started');
my $open = start_client('psql', '-X', '-A', '-t', '-d', $node->connstr('postgres'), '-c', 'BEGIN; INSERT INTO todo VALUES (0)',
    '-c', 'SELECT pg_sleep(1000)');
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND backend_xid IS NOT NULL});
$node->safe_psql('postgres', 'SELECT bemi.start()');
becomes(q{state = 'creating slot' AND blocked_by <> '{}'}, 'creating slot');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 180000) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
$open->{process}->finish;
becomes(q{state = 'caught up' AND lag_seconds = 0 AND lag_bytes >= 0}, 'caught up');
logged(qr/LOG:  role "\w+" has requested the state "running" for the bemi worker of database "postgres"/, 'start() is in the log');
logged(qr/LOG:  bemi made the replication slot of database "postgres"/, 'the slot');
logged(qr/LOG:  bemi stores the changes of database "postgres"/, 'the worker');
is(one_of($node, q{SELECT application_name FROM pg_stat_activity WHERE backend_type = 'bemi worker'}), 'bemi worker for database postgres', 'its name');
my $pid = one_of($node, 'SELECT pid FROM bemi.metrics');
like(slurp_file("/proc/$pid/cmdline"), qr/bemi worker for database postgres/, 'which ps shows') if -e "/proc/$pid/cmdline";

# WAL without changes, until it is seen.
my $filler = start_client('psql', '-X', '-d', $node->connstr('postgres'), '-c', q{DO $$ BEGIN LOOP
    PERFORM pg_logical_emit_message(false, 'filler', repeat('x', 8000)); END LOOP; END $$});
becomes(q{state = 'reading' AND transaction_id IS NULL}, 'reading');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 180000) FROM pg_stat_activity WHERE query LIKE 'DO%filler%'});
$filler->{process}->finish;
becomes(q{state = 'caught up'}, 'and caught up again');

# A quiet time, then a change that waits: its age is the lag, not that of the last one that is stored.
$node->safe_psql('postgres', 'INSERT INTO todo VALUES (1); SELECT bemi.sync()');
$node->safe_psql('postgres', q{
    CREATE FUNCTION wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.primary_key = '150000' THEN PERFORM pg_advisory_xact_lock(1); END IF; RETURN NEW; END $$;
    CREATE TRIGGER wait_for_lock BEFORE INSERT ON bemi.changes FOR EACH ROW EXECUTE FUNCTION wait_for_lock()});
my $before = one_of($node, 'SELECT clock_timestamp()');
my $locker = start_client('psql', '-X', '-A', '-t', '-d', $node->connstr('postgres'), '-c', 'SELECT pg_advisory_lock(1)', '-c', q{SELECT pg_sleep(1000)});
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
$node->safe_psql('postgres', 'INSERT INTO todo SELECT generate_series(100001, 200000)');
becomes(q{state = 'storing' AND transaction_changes_stored BETWEEN 1 AND 99999 AND transaction_changes_read = 100000 AND transaction_id IS NOT NULL},
    'the progress within a large transaction');
is(one_of($node, qq{SELECT lag_seconds > 0, lag_seconds <= date_part('epoch', clock_timestamp() - '$before'), lag_is_exact FROM bemi.metrics}), 't|t|t',
    'the lag is the age of what is not stored');
becomes(q{blocked_by <> '{}' AND wal_kept_bytes > 0 AND restart_lsn <= stored_position}, 'who blocks it, and what WAL is kept');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 180000) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
$locker->{process}->finish;
becomes(q{state = 'caught up' AND lag_seconds = 0 AND lag_bytes < 1000000 AND changes_stored = 100001 AND transaction_id IS NULL}, 'then it is caught up');

$node->safe_psql('postgres', 'SELECT bemi.stop()');
becomes(q{state = 'paused' AND pid IS NULL}, 'paused');
logged(qr/LOG:  bemi stops storing the changes of database "postgres"/, 'which is in the log');
my $lag = q{SELECT lag > interval '0' AND lag_bytes > 0 FROM bemi.status};
$node->safe_psql('postgres', 'INSERT INTO todo VALUES (2)');
is(one_of($node, $lag), 't', 'what waits meanwhile counts');
$node->restart;
is(one_of($node, q{SELECT state, lag IS NULL, lag_bytes > 0 FROM bemi.status}), 'paused|t|t', 'after a restart nobody knows how old it is');
$node->safe_psql('postgres', q{SELECT bemi.start(); SELECT bemi.sync('180 s')});
becomes(q{state = 'caught up' AND lag_is_exact}, 'until the worker was there');

$node->safe_psql('postgres', q{
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON bemi.changes FOR EACH ROW EXECUTE FUNCTION refuse();
    INSERT INTO todo VALUES (3)});
becomes(q{state = 'waiting' AND last_error = 'no'}, 'waiting');
logged(qr/ERROR:  no$/m, 'errors are in the log');
$node->safe_psql('postgres', q{DROP FUNCTION refuse CASCADE; SELECT bemi.start(); SELECT bemi.sync('180 s')});

# A gap.
$node->safe_psql('postgres', 'SELECT bemi.stop()');
becomes(q{state = 'paused' AND pid IS NULL}, 'paused again');
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (4); SELECT pg_drop_replication_slot(slot) FROM bemi.metrics; SELECT bemi.start(); SELECT bemi.sync('180 s')});
is(one_of($node, 'SELECT gaps FROM bemi.metrics'), 1, 'a gap counts');
my ($from, $to, $reason) = split /\|/, one_of($node, 'SELECT from_position, to_position, reason FROM bemi.gaps');
logged(qr/LOG:  changes of database "postgres" from \Q$from\E on are lost: \Q$reason\E\n.*DETAIL:  Storing goes on from \Q$to\E\.\n/, 'and is in the log');
$node->safe_psql('postgres', 'SELECT bemi.acknowledge_gap(id) FROM bemi.gaps');

$node->safe_psql('postgres', 'CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor');
is(one_of($node, "SET ROLE monitor; SELECT state FROM bemi.status"), 'caught up', 'pg_monitor may read the status');
is(one_of($node, "SET ROLE monitor; SELECT changes_stored > 0 FROM bemi.metrics"), 't', 'the metrics');
$node->safe_psql('postgres', q{CREATE TABLE tag (id int); SELECT bemi.track('tag');
    INSERT INTO tag VALUES (1); INSERT INTO tag VALUES (2) /*Bemi {"a": 1} Bemi*/; SELECT bemi.sync('180 s')});
is(one_of($node, q{SET ROLE monitor; SELECT schema, changes_stored, changes_without_context, last_change_at <= now() FROM bemi.table_stats WHERE "table" = 'tag'}),
    'public|2|1|t', 'the tables');
is(one_of($node, q{SET ROLE monitor; SELECT string_agg("check", ' ') FROM bemi.doctor() WHERE NOT ok}), 'contexts', 'and call the doctor');
done_testing();
