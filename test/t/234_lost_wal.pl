# WAL that the store does not have any more, and WAL in which there was nothing for it.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', 'autovacuum = off');
create_todo($node);
$node->safe_psql('postgres', q{
    CREATE TABLE other (id int);
    SELECT bemi.start();
    INSERT INTO todo VALUES (1)});

my $caught_up = q{SELECT state = 'caught up' FROM bemi.status};

sub stored {
    my ($server, $keys, $name) = @_;
    my $query = q{SELECT string_agg(primary_key, ' ' ORDER BY commit_position, sequence) FROM bemi.changes};
    $server->poll_query_until('postgres', "SELECT ($query) = '$keys'");
    is(one_of($server, $query), $keys, $name) or diag(one_of($server, 'SELECT m FROM bemi.metrics m'));
}

# Pauses the worker, makes WAL of several segments, stops the server, and has the WAL taken away.
sub take_away {
    my ($key, $take) = @_;
    $node->safe_psql('postgres', 'SELECT bemi.stop()');
    $node->poll_query_until('postgres', 'SELECT pid IS NULL FROM bemi.metrics');
    $node->safe_psql('postgres', "INSERT INTO todo VALUES ($key)");
    $node->safe_psql('postgres', "INSERT INTO other VALUES ($_); SELECT pg_switch_wal()") for 1 .. 3;
    $node->safe_psql('postgres', q{UPDATE bemi.worker SET desired_state = 'running'});
    my @needed = split /\n/, one_of($node, 'SELECT pg_walfile_name(restart_lsn), pg_walfile_name(pg_current_wal_lsn()) FROM pg_replication_slots') =~ s/\|/\n/r;
    $node->stop;
    $take->(@needed);
    $node->start;
}

sub is_lost {
    my ($number, $name, $next_key) = @_;
    ok($node->poll_query_until('postgres', qq{SELECT count(*) = $number AND bool_or(to_position IS NULL) FROM bemi.gaps}), "$name: a gap")
        or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));
    is(one_of($node, q{SELECT count(*) FROM bemi.doctor() WHERE "check" = 'gaps' AND fix = 'SELECT bemi.start();'}), 1, 'bemi.doctor() says how to go on');
    $node->safe_psql('postgres', "SELECT bemi.start(); INSERT INTO todo VALUES ($next_key)");
    ok($node->poll_query_until('postgres', $caught_up), 'and then it does');
    is(one_of($node, 'SELECT count(*) FILTER (WHERE to_position > from_position) FROM bemi.gaps'), $number, 'the gap has an end');
}

stored($node, '1', 'the worker stores');
take_away(2, sub { unlink $node->data_dir . "/pg_wal/$_[0]" or die $! });
is_lost(1, 'a segment that somebody deleted', 3);
stored($node, '1 3', 'what the session does next is stored');

take_away(4, sub {
    my $next = sprintf '%s%08X', substr($_[1], 0, 16), hex(substr $_[1], 16) + 4;
    $node->command_ok([ 'pg_resetwal', '-f', '-l', $next, $node->data_dir ], 'pg_resetwal');
});
is_lost(2, 'pg_resetwal', 5);
stored($node, '1 3 5', 'what the session does next is stored');

# wal_level lowered and back: the server starts with the slot only if that is gone.
$node->safe_psql('postgres', 'SELECT bemi.stop(drop_slot => true)');
$node->poll_query_until('postgres', 'SELECT pid IS NULL AND slot IS NULL FROM bemi.metrics');
$node->append_conf('postgresql.conf', "wal_level = replica\n");
$node->restart;
$node->safe_psql('postgres', q{UPDATE bemi.worker SET desired_state = 'running'; INSERT INTO todo VALUES (6)});
$node->append_conf('postgresql.conf', "wal_level = logical\n");
$node->restart;
ok($node->poll_query_until('postgres', $caught_up), 'wal_level lowered and back');
$node->safe_psql('postgres', 'INSERT INTO todo VALUES (7)');
stored($node, '1 3 5 7', 'it stores again');
$node->safe_psql('postgres', 'DELETE FROM bemi.gaps');

# A clean switchover: the standby has no slot, but all the WAL, and in that nothing that is not stored.
sub stand_by {
    my ($name) = @_;
    $node->backup($name);
    my $standby = PostgreSQL::Test::Cluster->new($name);
    $standby->init_from_backup($node, $name, has_streaming => 1);
    $standby->start;
    return $standby;
}

sub switch_over {
    my ($standby) = @_;
    $node->wait_for_catchup($standby, 'replay', $node->lsn('flush'));
    $node->stop('fast');
    $standby->promote;
    $standby->poll_query_until('postgres', $caught_up) or diag(one_of($standby, 'SELECT m FROM bemi.metrics m'));
}

my $second = stand_by('second');
$node->safe_psql('postgres', 'INSERT INTO todo VALUES (8); UPDATE todo SET task = repeat(md5(task), 100) WHERE id = 7');
stored($node, '1 3 5 7 8 7', 'stored before the switchover');
switch_over($second);
is(one_of($second, 'SELECT count(*) FROM bemi.gaps'), 0, 'a clean switchover has no gap');
$second->safe_psql('postgres', 'INSERT INTO todo VALUES (9)');
stored($second, '1 3 5 7 8 7 9', 'and the new primary stores');

# The former primary rejoins.
$node->enable_streaming($second);
$node->start;
$second->wait_for_catchup($node, 'replay', $second->lsn('flush'));
my $fault = q{FROM bemi.doctor() WHERE "check" = 'slot' AND NOT ok};
is(one_of($node, "SELECT found ~ '^left from when this server was the primary; it holds back .* of WAL here' $fault"), 't', 'a former primary has the slot');
$node->safe_psql('postgres', one_of($node, "SELECT fix $fault"));
is(one_of($node, "SELECT count(*) $fault"), 0, 'until that is dropped');
$node->stop;

# With a transaction that began before the last one that was stored, and one that is not stored.
my $key = 100;
for my $case (
    [ 'third', 'a transaction that wrote long before it was committed', 'INSERT INTO todo VALUES (101)', 'COMMIT' ],
    [ 'fourth', 'an open transaction that wrote', 'INSERT INTO todo VALUES (102)', undef ],
    [ 'fifth', 'a transaction that was rolled back', 'INSERT INTO todo VALUES (103)', 'ROLLBACK' ],
    [ 'sixth', 'a TRUNCATE in a savepoint', 'SAVEPOINT s; TRUNCATE other; RELEASE s', 'COMMIT' ],
) {
    my ($name, $what, $before, $after) = @$case;
    $node = $second;
    my $standby = stand_by($name);
    my $client = $node->background_psql('postgres');
    $client->query_safe("BEGIN; $before");
    $key += 100;
    $node->safe_psql('postgres', "INSERT INTO todo VALUES ($key)");
    $node->poll_query_until('postgres', "SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '$key'");
    $node->poll_query_until('postgres', $caught_up);
    # The worker goes before it can store what comes now.
    $node->safe_psql('postgres', 'SELECT bemi.stop()');
    $node->poll_query_until('postgres', 'SELECT pid IS NULL FROM bemi.metrics');
    $client->query_safe($after) if $after;
    $node->safe_psql('postgres', q{UPDATE bemi.worker SET desired_state = 'running'});
    eval { $client->quit } if $after;
    switch_over($standby);
    eval { $client->quit } if !$after;
    my $lost = $after && $after eq 'COMMIT' ? 1 : 0;
    is(one_of($standby, 'SELECT count(*) FROM bemi.gaps'), $lost, "$what: " . ($lost ? 'a gap' : 'no gap'));
    $standby->safe_psql('postgres', 'DELETE FROM bemi.gaps');
    $second = $standby;
}

done_testing();
