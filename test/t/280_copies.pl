# Copies of a server that write on their own: what they have in common has one id, what they have not has another one. And
# what other logical replication clients see of the store.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Cluster;
use Test::More;

my $original = server('original', 'autovacuum = off');
create_todo($original);
create_slot($original, 'client');
$original->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('local', 'test_decoding')});
$original->safe_psql('postgres', 'SELECT bemi.start()');

my $text = 'x' x 100;

sub stored {
    my ($node, $condition, $name) = @_;
    ok($node->poll_query_until('postgres', "SELECT $condition FROM bemi.changes"), $name)
        or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));
}

# What is stored, as commit position => id.
sub ids {
    my ($node, $condition) = @_;
    return map { split /\|/ } split /\n/, one_of($node, "SELECT commit_position, id FROM bemi.changes WHERE $condition");
}

$original->safe_psql('postgres', "INSERT INTO todo SELECT n, '$text' FROM generate_series(1, 2000) AS n");
$original->safe_psql('postgres', q{INSERT INTO todo VALUES (3001, 'Sleep')});
stored($original, 'count(*) = 2001', 'the original stores');

# The store is data as any other, and without an origin: a subscription with origin = none gets it.
my $rows = q{SELECT count(*) FROM pg_logical_slot_peek_changes('local', NULL, NULL, 'only-local', 'on') WHERE data ~ '^table bemi.changes_.*INSERT'};
is(one_of($original, $rows), 2001, 'for other clients it is written on this server');
# For our own it is not even queued.
my $received = q{SELECT count(*) FROM pg_logical_slot_peek_changes('client', NULL, NULL)};
is(one_of($original, $received), 2001, 'the output plugin sends none of it');
ok($original->poll_query_until('postgres', q{SELECT 2 * c.total_bytes < l.total_bytes AND c.total_bytes > 0
    FROM pg_stat_replication_slots c, pg_stat_replication_slots l WHERE c.slot_name = 'client' AND l.slot_name = 'local'}), 'nor does it read it')
    or diag(one_of($original, 'SELECT slot_name, total_txns, total_bytes FROM pg_stat_replication_slots'));

# Copies with their slots, made while a large transaction is under way: the first one begins its own timeline here.
my $client = $original->background_psql('postgres');
$client->query_safe("BEGIN; INSERT INTO todo SELECT n, '$text' FROM generate_series(10001, 15000) AS n");
$original->safe_psql('postgres', 'SELECT pg_switch_wal()');
$original->stop('immediate');
eval { $client->quit };
$original->backup_fs_cold('first');
$original->start;
$original->safe_psql('postgres', q{INSERT INTO todo VALUES (3002, 'Nap')});
stored($original, q{count(*) = 2002}, 'the original goes on');
$original->stop('immediate');
$original->backup_fs_cold('second');

my @servers = ($original);
for my $name ('first', 'second') {
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init_from_backup($original, $name);
    $node->set_standby_mode;
    $node->start;
    $node->promote;
    push @servers, $node;
}
$original->start;

my %client_ids;
for my $node (@servers) {
    $node->poll_query_until('postgres', q{SELECT state = 'caught up' FROM bemi.status}) or BAIL_OUT('the worker does not run');
    my $name = $node->name;
    is(one_of($node, 'SELECT count(*) FROM bemi.gaps'), 0, "$name: no gap");
    is(one_of($node, q{SELECT count(*) FROM bemi.changes WHERE primary_key::int > 10000}), 0, "$name: nothing of the transaction that was broken off");
    my %stored = ids($node, q{primary_key::int IN (1, 3001)});
    $client_ids{$name} = join ' ', sort values %stored;
    is(join(' ', sort map { $_->{id} } grep { $_->{primary_key} =~ /^(1|3001)$/ } receive($node, 'client')), $client_ids{$name}, "$name: a walsender has the ids of the store");
}
is($client_ids{$_}, $client_ids{original}, "$_: what was committed before is the same") for 'first', 'second';
is(join(' ', map { one_of($_, 'SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)::int') } @servers), '1 2 2', 'three timelines, two of one number');

# From here on each server has a history of its own, at the same positions.
for my $node (@servers) {
    $node->safe_psql('postgres', 'SELECT bemi.stop()');
    $node->poll_query_until('postgres', 'SELECT pid IS NULL FROM bemi.metrics');
    $node->safe_psql('postgres', 'TRUNCATE todo');
}
my $segment = (sort map { one_of($_, 'SELECT pg_walfile_name(pg_current_wal_lsn())') =~ s/^.{8}//r } @servers)[-1];
for my $node (@servers) {
    $node->safe_psql('postgres', 'CHECKPOINT');
    do {
        $node->safe_psql('postgres', q{SELECT pg_logical_emit_message(true, '', ''), pg_switch_wal()});
    } while (one_of($node, 'SELECT pg_walfile_name(pg_current_wal_lsn())') =~ s/^.{8}//r le $segment);
    $node->safe_psql('postgres', q{DO $$ BEGIN
        FOR n IN 5001..5200 LOOP
            INSERT INTO todo VALUES (n, 'Work');
            COMMIT;
        END LOOP;
    END $$; SELECT bemi.start()});
    stored($node, q{count(*) FILTER (WHERE primary_key::int > 5000) = 200}, 'each server stores what is its own');
}
for my $pair ([ 0, 1 ], [ 0, 2 ], [ 1, 2 ]) {
    my ($one, $other) = map { { ids($servers[$_], 'primary_key::int > 5000') } } @$pair;
    my @common = grep { exists $other->{$_} } keys %$one;
    cmp_ok(scalar @common, '>', 0, "@$pair: positions that they have in common");
    is(scalar(grep { $one->{$_} eq $other->{$_} } @common), 0, "@$pair: no id that they have in common");
}

done_testing();
