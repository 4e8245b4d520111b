# What can go wrong around the worker: nothing is lost without a word, and it goes on by itself where it can.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', 'restart_after_crash = on', 'log_min_messages = warning');
create_todo($node);
$node->safe_psql('postgres', 'SELECT bemi.start()');

sub becomes { status_becomes($node, @_) }

sub restart_worker {
    $node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 10000) FROM bemi.metrics});
}

change_is_stored($node, 'a change right after start()');
$node->safe_psql('postgres', 'DROP TABLE bemi.changes_' . one_of($node, q{SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM_01')}));
change_is_stored($node, 'a partition that somebody dropped is made again');
$node->safe_psql('postgres', q{DO $$ BEGIN
    EXECUTE (SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index WHERE indrelid = (SELECT partition FROM bemi.partitions ORDER BY from_time LIMIT 1)
        AND NOT indisunique LIMIT 1);
END $$});
change_is_stored($node, 'an index is missing');

$node->safe_psql('postgres', q{
    ALTER SYSTEM SET default_transaction_read_only = on;
    ALTER DATABASE postgres SET statement_timeout = 1;
    ALTER DATABASE postgres SET lock_timeout = 1;
    ALTER DATABASE postgres SET search_path = public;
    ALTER DATABASE postgres SET session_replication_role = replica;
    ALTER DATABASE postgres SET "TimeZone" = 'Asia/Kathmandu';
    ALTER DATABASE postgres SET "DateStyle" = 'German';
    CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT NULL::timestamptz $$;
    CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'trap' $$;
    SELECT pg_reload_conf();
});
{
    local $ENV{PGOPTIONS} = '-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0 -c session_replication_role=origin';
    restart_worker();
    change_is_stored($node, 'settings of the server and of the database do not reach the worker');
    $node->safe_psql('postgres', q{
        ALTER SYSTEM RESET default_transaction_read_only;
        ALTER DATABASE postgres RESET ALL;
        SELECT pg_reload_conf();
    });
}
restart_worker();

# A database that is copied, renamed or restored.
$node->safe_psql('template1', 'CREATE DATABASE copy TEMPLATE postgres');
pass('CREATE DATABASE ... TEMPLATE of a database with a worker');
is(one_of($node, 'SELECT state FROM bemi.status', 'copy'), 'not started', 'the copy has none');
$node->safe_psql('template1', 'ALTER DATABASE postgres RENAME TO renamed; ALTER DATABASE renamed RENAME TO postgres');
change_is_stored($node, 'the worker comes back after a renaming');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
my $dump = PostgreSQL::Test::Utils::tempdir . '/dump';
$node->command_ok([ 'pg_dump', '--format=custom', '--file', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr('restored'), $dump ], 'pg_restore');
is(one_of($node, 'SELECT count(*), (SELECT state FROM bemi.status) FROM bemi.changes', 'restored'),
    one_of($node, 'SELECT count(*) FROM bemi.changes') . '|not started', 'the history is there');
$node->safe_psql('restored', q{
    SELECT bemi.start();
    INSERT INTO todo VALUES (1000);
});
ok($node->poll_query_until('restored', q{SELECT count(*) = 1 FROM bemi.changes WHERE "table" = 'todo' AND primary_key = '1000'}), 'and goes on');
$node->safe_psql('postgres', 'DROP DATABASE restored');

# Retention.
$node->safe_psql('postgres', q{
    CREATE TABLE bemi.changes_old (LIKE bemi.changes);
    ALTER TABLE bemi.changes ATTACH PARTITION bemi.changes_old FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
});
for my $bad ("'x'", "'1 parsec'", "'90 days ago today'", "'300000 years'", "'-1 day'", "'12000 mons 1 day'") {
    my ($status, $out, $errors) = $node->psql('postgres', "SET bemi.retention = $bad");
    like($errors, qr/invalid value for parameter "bemi.retention"/, "retention $bad");
}
$node->safe_psql('postgres', q{ALTER SYSTEM SET bemi.retention = '1 year'; SELECT pg_reload_conf()});
restart_worker();
ok($node->poll_query_until('postgres', 'SELECT expiring_since IS NOT NULL FROM bemi.worker'), 'an old partition is noted');
$node->safe_psql('postgres', q{UPDATE bemi.worker SET expiring_since = expiring_since - interval '1 day'});
restart_worker();
ok($node->poll_query_until('postgres', q{SELECT to_regclass('bemi.changes_old') IS NULL}), 'and is dropped a day later');
is(one_of($node, 'SELECT partitions_dropped, last_retention_at IS NOT NULL FROM bemi.metrics'), '1|t', 'which bemi.metrics says');
change_is_stored($node, 'the others stay');

# A worker that crashes each time.
$node->safe_psql('postgres', q{
    CREATE TABLE nowhere (line text);
    CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('COPY public.nowhere FROM PROGRAM %L', 'kill -ABRT ' || pg_backend_pid() || '; sleep 1');
        RETURN NULL;
    END $$;
    CREATE TRIGGER crash BEFORE INSERT ON bemi.changes FOR EACH ROW EXECUTE FUNCTION crash();
    CREATE TABLE attempt (crashes int, at timestamptz);
    CREATE FUNCTION note_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.attempt VALUES (NEW.crashes, NEW.attempted_at);
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_attempt AFTER UPDATE ON bemi.worker FOR EACH ROW WHEN (NEW.crashes > OLD.crashes AND NEW.crashes < 10) EXECUTE FUNCTION note_attempt();
    INSERT INTO todo VALUES (0);
});
wait_until(sub { (ask($node, 'SELECT count(*) >= 3 FROM attempt') // '') eq 't' }) or BAIL_OUT('the worker does not try again');
my $waits;
wait_until(sub { defined($waits = ask($node, q{
    SELECT bool_and(at - former >= interval '1 second' * (1 << crashes - 2))
    FROM (SELECT crashes, at, lag(at) OVER (ORDER BY crashes) AS former FROM attempt) AS a})) });
is($waits, 't', 'a worker that crashes is started again, after a wait that grows');
wait_until(sub { defined ask($node, q{UPDATE bemi.worker SET crashes = 10, attempted_at = now() - interval '1 hour'}) })
    or BAIL_OUT('the server crashes all the time');
restart_worker();
becomes(q{state = 'paused' AND last_error LIKE '%crashed%'}, 'and not for ever');
$node->safe_psql('postgres', 'DROP TRIGGER crash ON bemi.changes; DROP TRIGGER note_attempt ON bemi.worker; SELECT bemi.start()');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE "table" = 'todo' AND primary_key = '0'}), 'then it goes on');
change_is_stored($node, 'as before');

# A slot that is lost.
$node->safe_psql('postgres', q{SELECT bemi.stop()});
becomes(q{pid IS NULL}, 'paused');
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (-1); SELECT pg_drop_replication_slot(slot) FROM bemi.metrics});
$node->safe_psql('postgres', q{SELECT bemi.start()});
is(one_of($node, q{SELECT count(*), bool_and(to_position > from_position AND to_time > from_time AND from_time > now() - interval '1 hour'
        AND role IS NULL AND system_identifier = (SELECT system_identifier FROM pg_control_system())) FROM bemi.gaps}),
    '1|t', 'a slot that was dropped is a gap');
change_is_stored($node, 'after which it goes on');

# WAL without changes is not kept, though that is not written for each commit.
my $filled = one_of($node, 'CREATE TABLE untracked AS SELECT generate_series(1, 700000); SELECT pg_current_wal_lsn()');
ok($node->poll_query_until('postgres', "SELECT confirmed_flush_lsn >= '$filled'::pg_lsn - 16777216 FROM pg_replication_slots"),
    'a database without changes does not hold back WAL');

# A slot that somebody else has advanced.
$node->safe_psql('postgres', q{SELECT bemi.stop()});
becomes(q{pid IS NULL}, 'paused');
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (-3); SELECT pg_replication_slot_advance(slot, pg_current_wal_lsn()) FROM bemi.metrics});
$node->safe_psql('postgres', q{SELECT bemi.start()});
change_is_stored($node, 'it goes on with a slot that was advanced');
is(one_of($node, q{SELECT count(*), bool_and(to_position > from_position) FROM bemi.gaps WHERE reason LIKE '%ahead%'}), '1|t', 'which is a gap');

$node->safe_psql('postgres', q{SELECT bemi.stop()});
becomes(q{pid IS NULL}, 'paused');
$node->safe_psql('postgres', q{ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'; SELECT pg_reload_conf()});
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (-2); SELECT pg_switch_wal(); CREATE TABLE filler AS SELECT generate_series(1, 300000); CHECKPOINT});
$node->safe_psql('postgres', q{SELECT pg_switch_wal(); INSERT INTO filler SELECT generate_series(1, 300000); CHECKPOINT});
becomes(q{state = 'slot lost'}, 'the server takes the WAL of the slot away');
$node->safe_psql('postgres', q{UPDATE bemi.worker SET desired_state = 'running'; SELECT pg_reload_conf()});
$node->restart;
becomes(q{last_error LIKE '%invalidated%'}, 'which is shown');
is(one_of($node, 'SELECT count(*) FROM bemi.gaps WHERE to_position IS NULL'), 1, 'and a gap');
$node->safe_psql('postgres', q{ALTER SYSTEM RESET max_slot_wal_keep_size; SELECT pg_reload_conf()});
$node->safe_psql('postgres', q{SELECT bemi.acknowledge_gap(id) FROM bemi.gaps});
$node->safe_psql('postgres', q{SELECT bemi.start()});
change_is_stored($node, 'start() begins anew');
is(one_of($node, 'SELECT count(*) FROM bemi.gaps WHERE to_position IS NULL'), 0, 'and the gap has an end');
is(one_of($node, q{SELECT count(*), bool_and(reason LIKE '%invalidated%' AND to_time IS NOT NULL) FROM bemi.gaps WHERE acknowledged_at IS NULL}), '1|t',
    'of which nobody who acknowledged it before has known');

done_testing();
