# pg_upgrade, pg_dump and pg_restore keep the history and what is tracked, and the store goes on after them.
use strict;
use warnings;
use Bemi;
use Cwd qw(getcwd);
use File::Find;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old = server('old');
my $keeps_slots = $old->pg_version >= 17; # where all of them are read to the end
my $scratch = PostgreSQL::Test::Utils::tempdir;

sub stored_is {
    my ($node, $database, $key, $name) = @_;
    $node->safe_psql($database, qq{SET bemi.context = '{"user_id": $key}'; INSERT INTO todo VALUES ($key, 'Nap')});
    ok($node->poll_query_until($database, qq{SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '$key' AND context @> '{"user_id": $key}'}),
        $name) or diag(one_of($node, 'SELECT m FROM bemi.metrics m', $database));
}

my $history = q{SELECT c FROM bemi.changes c ORDER BY commit_position, sequence};
my $extras = q{SELECT (SELECT array_agg(e) FROM bemi.errors e), (SELECT array_agg(g) FROM bemi.gaps g),
    (SELECT array_agg(p ORDER BY from_time) FROM bemi.partitions p), (SELECT array_agg(t) FROM bemi.tracked_tables t)};
my $indexes = q{SELECT c.relname, i.indisunique, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid IN (SELECT partition FROM bemi.partitions) ORDER BY c.relname};

# One database whose store is ended for the upgrade, one whose worker just runs.
for my $database ('postgres', 'other') {
    $old->safe_psql('postgres', 'CREATE DATABASE other') if $database eq 'other';
    $old->safe_psql($database, 'CREATE EXTENSION IF NOT EXISTS bemi');
    $old->safe_psql($database, q{
        CREATE TABLE todo (id int PRIMARY KEY, task text, body json);
        SELECT bemi.track('todo');
        SELECT bemi.start();
        CREATE TABLE bemi.changes_old (LIKE bemi.changes, PRIMARY KEY (commit_position, sequence));
        ALTER TABLE bemi.changes ATTACH PARTITION bemi.changes_old FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
        INSERT INTO bemi.gaps (system_identifier, from_position, to_position, reason) VALUES (1, '0/1', '0/2', 'a test');
        INSERT INTO todo VALUES (-1, 'No jsonb', '"\u0000"');
    });
    stored_is($old, $database, 1, "the history of $database");
    $old->safe_psql($database, q{INSERT INTO bemi.changes SELECT gen_random_uuid(), database, schema, "table", '0', operation, before, after, context,
        '2020-01-15', queued_at, created_at, 1, 1, 1, 0 FROM bemi.changes WHERE primary_key = '1'});
}

# Dumps.
my $dump = "$scratch/dump";
$old->command_ok([ 'pg_dump', '--format=custom', '--file', $dump, $old->connstr('postgres') ], 'pg_dump');
for my $restore ([ 'parallel', '--jobs=2' ], [ 'schema', '--schema-only' ]) {
    my ($database, @options) = @$restore;
    $old->safe_psql('postgres', "CREATE DATABASE $database");
    $old->command_ok([ 'pg_restore', '--exit-on-error', @options, '--dbname', $old->connstr($database), $dump ], "pg_restore @options");
    is(one_of($old, $history, $database), $database eq 'schema' ? '' : one_of($old, $history), 'the history');
    is(one_of($old, $extras, $database), one_of($old, $extras), 'errors, gaps, partitions and tracked tables') if $database ne 'schema';
    is(one_of($old, $indexes, $database), one_of($old, $indexes), 'the indexes of the partitions');
    is(one_of($old, 'SELECT state, (SELECT count(*) FROM bemi.worker), (SELECT count(*) FROM bemi.progress) FROM bemi.metrics', $database),
        'not started|0|0', 'nothing of the worker');
    $old->safe_psql($database, q{SELECT bemi.start()});
    stored_is($old, $database, 2, 'start() starts one');
    is(one_of($old, 'SELECT count(*) FROM bemi.gaps', $database), $database eq 'schema' ? 0 : 1, 'which is no gap');
    $old->safe_psql('postgres', "DROP DATABASE $database");
}

# pg_upgrade.
my $new = PostgreSQL::Test::Cluster->new('new');
$new->init(allows_streaming => 'logical');
for my $database ('postgres', $keeps_slots ? 'other' : ()) {
    $old->safe_psql($database, 'SELECT bemi.stop(drop_slot => true)');
    $old->poll_query_until($database, q{SELECT pid IS NULL AND slot IS NULL FROM bemi.metrics});
}
my %history = map { $_ => one_of($old, $history, $_) } 'postgres', 'other';
my %extras = map { $_ => one_of($old, $extras, $_) } 'postgres', 'other';
$old->stop;

my $bindir = $old->config_data('--bindir');
my $directory = getcwd;
chdir $scratch;
command_ok([ 'pg_upgrade', '--no-sync', '--retain', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir,
    '-s', $new->host, '-p', $old->port, '-P', $new->port ], 'pg_upgrade');
chdir $directory;
my $logs = '';
find(sub { $logs .= slurp_file($_) if /server\.log$/ }, $new->data_dir, $scratch);
like($logs, qr/database system is ready/, 'servers ran for that');
unlike($logs, qr/background worker "bemi/, 'without launcher and workers');

$new->start;
for my $database ('postgres', 'other') {
    my $was_ended = $database eq 'postgres' || $keeps_slots;
    is(one_of($new, $history, $database), $history{$database}, "the history of $database");
    is(one_of($new, $was_ended ? $extras : 'SELECT 1', $database), $was_ended ? $extras{$database} : 1, 'errors, gaps, partitions and tracked tables');
    if ($was_ended) {
        is(one_of($new, 'SELECT state FROM bemi.metrics', $database), 'not started', 'the worker that was ended');
        $new->safe_psql($database, 'SELECT bemi.start()');
    }
    ok($new->poll_query_until($database, q{SELECT state = 'caught up' FROM bemi.metrics}), 'it runs');
    stored_is($new, $database, 3, 'and goes on');
    is(one_of($new, q{SELECT count(*) FROM bemi.gaps WHERE reason <> 'a test' AND to_position > from_position}, $database), $was_ended ? 0 : 1,
        $was_ended ? 'without a gap' : 'with a gap, as the slot was lost');
}
is(one_of($new, 'SELECT count(*), count(DISTINCT id) FROM bemi.changes'), '4|4', 'nothing twice');

done_testing();
