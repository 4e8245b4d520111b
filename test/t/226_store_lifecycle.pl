# Where the store begins and ends: what holds a slot up, commands that take the extension or the database away, copies of
# a database, and servers that cannot decode.
use strict;
use warnings;
use Bemi;
use File::Path qw(rmtree);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = server('main', "shared_preload_libraries = ''");

sub becomes { status_becomes($node, @_) }

sub slots_are {
    my ($expected, $name) = @_;
    ok($node->poll_query_until('postgres', qq{
        SELECT coalesce(string_agg(slot_name, ' ' ORDER BY slot_name), '') = '$expected'
           AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'bemi worker')
        FROM pg_replication_slots}), $name);
}

sub begin {
    my ($database) = @_;
    my ($status, $out, $errors) = $node->psql($database, q{SELECT bemi.track('todo'); SELECT bemi.start()}, on_error_stop => 1);
    return $errors;
}

sub pause {
    my ($database) = @_;
    $node->safe_psql($database, 'SELECT bemi.stop()');
    $node->poll_query_until($database, q{SELECT state = 'paused' AND pid IS NULL FROM bemi.metrics});
}

my $slot = 'bemi_' . one_of($node, q{SELECT oid FROM pg_database WHERE datname = 'postgres'});
$node->safe_psql('postgres', 'CREATE TABLE todo (id int PRIMARY KEY)');

# A transaction that is running when the slot is to be made.
my $writer = start_client('psql', '-X', '-c', 'BEGIN; SELECT pg_current_xact_id(); SELECT pg_sleep(1000)', $node->connstr('postgres'));
my $sleeper = q{FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND wait_event = 'PgSleep'};
$node->poll_query_until('postgres', "SELECT count(*) = 1 $sleeper");
like(begin('postgres'), qr{NOTICE:  replication slot does not exist yet},
    'start() says that an older transaction holds it up');
is(one_of($node, "SELECT state, blocked_by = ARRAY(SELECT pid $sleeper) FROM bemi.metrics"), 'creating slot|t', 'bemi.metrics says which');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) $sleeper");
$writer->{process}->finish;
becomes(q{state = 'caught up' AND blocked_by = '{}'}, 'and goes on after that');
change_is_stored($node, 'to store');

# The end of the extension, in sessions that have not loaded the library.
my $drop = 'DROP EXTENSION bemi CASCADE';
$node->safe_psql('postgres', "BEGIN; $drop; ROLLBACK");
change_is_stored($node, "$drop that is rolled back");
pause('postgres');
$node->safe_psql('postgres', "BEGIN; $drop; ROLLBACK");
slots_are($slot, 'the same while the worker is paused');
begin('postgres');
change_is_stored($node, 'which goes on');
pause('postgres');

for my $drop ($drop, 'DROP SCHEMA bemi CASCADE', 'DROP OWNED BY boss CASCADE') {
    $node->safe_psql('postgres', $drop);
    slots_are('', "$drop while the worker is paused leaves no slot");
    $node->safe_psql('postgres', q{
        DROP SCHEMA IF EXISTS bemi;
        DROP ROLE IF EXISTS boss;
        CREATE ROLE boss SUPERUSER;
        SET ROLE boss;
        CREATE EXTENSION bemi;
    });
    begin('postgres');
    change_is_stored($node, 'and it can begin anew');
    pause('postgres');
}

# The end of a database.
$node->safe_psql('postgres', 'CREATE DATABASE other');
sub begin_other {
    $node->safe_psql('other', 'CREATE EXTENSION bemi; CREATE TABLE todo (id int PRIMARY KEY)');
    begin('other');
    change_is_stored($node, 'in another database', database => 'other');
}
begin_other();
pause('other');
$node->safe_psql('postgres', 'DROP DATABASE other');
slots_are($slot, 'DROP DATABASE while the worker is paused takes the slot along');

$node->safe_psql('postgres', 'CREATE DATABASE other');
begin_other();
my ($status, $out, $errors) = $node->psql('postgres', 'DROP DATABASE other');
like($errors, qr/database "other" is used by an active logical replication slot/, 'while it runs, PostgreSQL refuses');
$node->command_ok([ 'psql', '-X', '-d', $node->connstr('postgres'), '-c', q{LOAD 'bemi'}, '-c', 'DROP DATABASE other' ],
    'but not in a session that has loaded the library');
slots_are($slot, 'and the slot is gone');

# A copy of a database has what is written there about the worker.
$node->append_conf('postgresql.conf', q{shared_preload_libraries = 'bemi'});
$node->restart;
begin('postgres');
change_is_stored($node, 'preloaded');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE postgres', connstr => $node->connstr('template1'));
change_is_stored($node, 'the worker left its database for CREATE DATABASE');
is(one_of($node, 'SELECT state, (SELECT count(*) > 0 FROM bemi.changes) FROM bemi.status', 'copy'), 'not started|t', 'the copy has none');
$node->restart;
change_is_stored($node, 'nor after a restart,');
is(one_of($node, 'SELECT count(*) FROM pg_replication_slots'), 1, 'when the launcher has been to all databases');
begin('copy');
change_is_stored($node, 'it has its own when asked', database => 'copy');
$node->safe_psql('postgres', 'DROP DATABASE copy');

# wal_level.
$node->stop;
$node->append_conf('postgresql.conf', 'wal_level = replica');
ok(!$node->start(fail_ok => 1), 'with a slot the server does not start below wal_level = logical');
like(slurp_file($node->logfile), qr/FATAL:  logical replication slot "$slot" exists, but "?wal_level"? < "?logical"?/, 'which PostgreSQL says');

rmtree($node->data_dir . "/pg_replslot/$slot"); # as in a backup
$node->start;
becomes(q{attempts >= 3 AND last_sqlstate = '55000' AND last_error LIKE '%wal_level%'}, 'without one, the worker says what it needs');
is(one_of($node, q{SELECT attempted_at >= pg_postmaster_start_time() + interval '2 seconds' FROM bemi.worker}), 't', 'and tries again after a while');
becomes(q{state = 'waiting'}, 'for which it waits');
($status, $out, $errors) = $node->psql('postgres', 'SELECT bemi.start()');
like($errors, qr/ERROR:  bemi.start\(\) requires "wal_level" >= "logical"\nHINT:  Run ALTER SYSTEM SET wal_level = logical/, 'start() too');
$node->append_conf('postgresql.conf', 'wal_level = logical');
$node->restart;
unlike(begin('postgres'), qr/does not exist yet/, 'then start() makes the worker try at once');
change_is_stored($node, 'and it goes on');
is(one_of($node, 'SELECT count(*) FROM bemi.gaps WHERE to_position > from_position'), 1, 'with a gap');

done_testing();
