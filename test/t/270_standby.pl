# A physical standby of a server whose worker runs: there is none there, and after the promotion it goes on by itself.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = server('primary');
create_todo($primary);
$primary->safe_psql('postgres', q{CREATE DATABASE other; CREATE DATABASE "closed" ALLOW_CONNECTIONS false});
$primary->safe_psql('postgres', q{SELECT bemi.start()});
$primary->safe_psql('postgres', q{SET bemi.context = '{"user_id": 1}'; INSERT INTO todo VALUES (1, 'Sleep'), (2, 'Eat')});

my $keys = q{SELECT string_agg(primary_key, ' ' ORDER BY commit_position, sequence) FROM bemi.changes};
my $workers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'bemi %'};

sub stored_are {
    my ($node, $expected, $name) = @_;
    $node->poll_query_until('postgres', "SELECT ($keys) = '$expected'");
    is(one_of($node, $keys), $expected, $name) or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));
}

# Keeps the worker from storing.
sub lock_changes {
    my ($node) = @_;
    my $client = start_client('psql', '-X', '-c', 'BEGIN; LOCK TABLE bemi.changes; SELECT pg_sleep(1000)', $node->connstr('postgres'));
    $node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks
        WHERE relation = 'bemi.changes'::regclass AND mode = 'AccessExclusiveLock' AND granted});
    return $client;
}

stored_are($primary, '1 2', 'the primary stores');

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);

# 17 can keep the slot on the standby.
my $has_failover_slots = one_of($primary, q{SELECT count(*) FROM pg_settings WHERE name = 'sync_replication_slots'});
SKIP: {
    skip 'this server has no failover slots', 1 if !$has_failover_slots;
    is(one_of($primary, 'SELECT failover FROM pg_replication_slots'), 't', 'the slot is one for failover');
}

$standby->start;
$primary->safe_psql('postgres', q{INSERT INTO todo VALUES (3, 'Nap')});
stored_are($primary, '1 2 3', 'the primary stores on');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));
is(one_of($standby, $keys), '1 2 3', 'the standby has the history');
is(one_of($standby, $workers), 0, 'and no worker');
is(one_of($standby, 'SELECT state, pid, slot FROM bemi.metrics'), 'standby||', 'which bemi.metrics says');
for my $call ('start', 'stop') {
    my ($status, $out, $errors) = $standby->psql('postgres', "\\set VERBOSITY verbose\nSELECT bemi.$call()");
    like($errors, qr/ERROR:  25006: bemi.$call\(\) cannot be executed during recovery\nHINT:  Call it on the primary/, "$call() is refused");
}

# What the primary had not stored, when it went, is lost with its slot.
my $locker = lock_changes($primary);
$primary->safe_psql('postgres', q{INSERT INTO todo VALUES (4, 'Lost')});
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));
my $progress = one_of($standby, 'SELECT position FROM bemi.progress');
$primary->stop('immediate');
$locker->{process}->finish;

$standby->promote;
ok($standby->poll_query_until('postgres', q{SELECT state = 'caught up' FROM bemi.status}), 'after the promotion the worker runs')
    or diag(slurp_file($standby->logfile));
$standby->safe_psql('postgres', q{SET bemi.context = '{"user_id": 5}'; INSERT INTO todo VALUES (5, 'Run')});
stored_are($standby, '1 2 3 5', 'and stores, nothing twice');
is(one_of($standby, qq{SELECT count(*), bool_and(from_position = '$progress' AND to_position > from_position) FROM bemi.gaps}),
    '1|t', 'what is lost is a gap');
is(one_of($standby, q{SELECT context FROM bemi.changes WHERE primary_key = '5'}), '{"user_id": 5}', 'with its context');
is(one_of($standby, 'SELECT count(*) FROM pg_replication_slots'), 1, 'other databases get no slot');
ok($standby->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'bemi worker'}), 'and no worker stays there');

$standby->restart;
$standby->safe_psql('postgres', q{INSERT INTO todo VALUES (6, 'Restarted')});
stored_are($standby, '1 2 3 5 6', 'a restart later as well');
is(one_of($standby, 'SELECT count(*) FROM bemi.gaps'), 1, 'without another gap');
is(join('', grep { /(?:WARNING|ERROR|PANIC):/ && !/cannot (?:execute|be executed)/ } slurp_file($standby->logfile) =~ /.*\n/g), '', 'nothing failed');

# A standby that keeps the slot goes on where its primary was.
SKIP: {
    skip 'this server has no failover slots', 4 if !$has_failover_slots;
    $standby->safe_psql('postgres', q{SELECT pg_create_physical_replication_slot('second')});
    $standby->backup('base');
    my $second = PostgreSQL::Test::Cluster->new('second');
    $second->init_from_backup($standby, 'base', has_streaming => 1);
    $second->append_conf('postgresql.conf', "primary_conninfo = '" . $standby->connstr . " dbname=postgres application_name=second'");
    $second->append_conf('postgresql.conf', $_) for "primary_slot_name = 'second'", 'hot_standby_feedback = on', 'sync_replication_slots = on';
    $second->start;
    # The slot must have moved on since the standby first saw it.
    wait_until(sub {
        $standby->safe_psql('postgres', q{UPDATE todo SET task = 'Again' WHERE id = 6; SELECT pg_log_standby_snapshot()});
        one_of($second, 'SELECT count(*) FROM pg_replication_slots WHERE synced AND NOT temporary') eq '1';
    });
    is(one_of($second, q{SELECT state, slot IS NOT NULL FROM bemi.metrics}), 'standby|t', 'a standby that keeps the slot');
    $standby->poll_query_until('postgres', q{SELECT state = 'caught up' FROM bemi.status});
    my $locker = lock_changes($standby);
    $standby->safe_psql('postgres', q{INSERT INTO todo VALUES (7, 'Not lost')});
    $standby->wait_for_catchup($second, 'replay', $standby->lsn('flush'));
    $standby->stop('immediate');
    $locker->{process}->finish;
    $second->promote;
    $second->safe_psql('postgres', q{INSERT INTO todo VALUES (8, 'Go on')});
    ok($second->poll_query_until('postgres', q{SELECT count(*) = 2 FROM bemi.changes WHERE primary_key IN ('7', '8')}), 'stores all after its promotion');
    is(one_of($second, 'SELECT count(*) FROM bemi.gaps'), 1, 'without a gap');
    is(one_of($second, 'SELECT count(*) - count(DISTINCT id) FROM bemi.changes'), 0, 'nothing twice');
}

done_testing();
