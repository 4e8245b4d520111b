# The state of the worker belongs to one server and database: what logical replication brings from another server does not
# get in, and what is in there nevertheless does no harm.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = server('publisher');
create_todo($publisher);
$publisher->safe_psql('postgres', q{
    CREATE SCHEMA app;
    SELECT bemi.track_schema('app');
    SELECT bemi.start();
    INSERT INTO todo SELECT generate_series(1, 3);
    INSERT INTO bemi.gaps (system_identifier, from_position, reason) VALUES (1, '0/1', 'a test');
});
$publisher->poll_query_until('postgres', 'SELECT (SELECT count(*) = 3 FROM bemi.changes) AND (SELECT count(*) = 2 FROM bemi.partitions)');
my ($schema) = run_command([ 'pg_dump', '--schema-only', $publisher->connstr('postgres') ]);

# A server with the publisher's tables, and the same database oid.
sub subscriber {
    my ($name, $options) = @_;
    my $node = server($name);
    $node->safe_psql('postgres', 'DROP EXTENSION bemi; DROP SCHEMA bemi');
    my $file = PostgreSQL::Test::Utils::tempdir . '/schema.sql';
    append_to_file($file, $schema);
    $node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f', $file, $node->connstr('postgres') ], "$name: the publisher's schema");
    $node->safe_psql('postgres', q{SELECT bemi.track('todo')});
    return $node;
}

sub stored {
    my ($node, $keys, $name) = @_;
    my $query = q{SELECT string_agg(primary_key, ' ' ORDER BY primary_key::int) FROM bemi.changes WHERE primary_key::int > 100};
    ok($node->poll_query_until('postgres', "SELECT ($query) = '$keys'"), $name)
        or diag(one_of($node, $query), one_of($node, 'SELECT m FROM bemi.metrics m'));
}

my $server = '(SELECT system_identifier FROM pg_control_system())';
$publisher->safe_psql('postgres', 'CREATE PUBLICATION everything FOR ALL TABLES');
is(one_of($publisher, q{SELECT ok, found FROM bemi.doctor() WHERE "check" = 'publications'}), 't|everything is FOR ALL TABLES, those of schema bemi too', 'bemi.doctor() tells of it');
my $connection = $publisher->connstr . ' dbname=postgres';

# One whose worker runs already.
my $running = subscriber('running');
$running->safe_psql('postgres', 'SELECT bemi.start()');
$running->safe_psql('postgres', "CREATE SUBSCRIPTION running CONNECTION '$connection' PUBLICATION everything WITH (copy_data = off)");
$running->safe_psql('postgres', 'INSERT INTO todo SELECT generate_series(101, 103)');
stored($running, '101 102 103', 'the subscriber stores');
$publisher->safe_psql('postgres', 'INSERT INTO todo SELECT generate_series(4, 50); SELECT pg_switch_wal(); INSERT INTO todo SELECT generate_series(51, 60)');
$publisher->poll_query_until('postgres', 'SELECT count(*) = 60 FROM bemi.changes');
$publisher->safe_psql('postgres', q{SELECT bemi.acknowledge_gap(1); SELECT bemi.stop()});
$publisher->poll_query_until('postgres', 'SELECT pid IS NULL FROM bemi.metrics');
$publisher->wait_for_catchup('running');
is(one_of($running, 'SELECT count(*) FROM todo'), 60, 'the tables are replicated');
is(one_of($running, "SELECT (SELECT count(*) || min(desired_state) FROM bemi.worker), (SELECT count(*) FROM bemi.progress WHERE system_identifier = $server), (SELECT count(*) FROM bemi.progress), (SELECT count(*) FROM bemi.gaps)"),
    '1running|1|1|0', "nothing of the publisher's worker gets in");
$running->safe_psql('postgres', 'INSERT INTO todo SELECT generate_series(104, 106)');
$running->restart;
$running->safe_psql('postgres', 'INSERT INTO todo SELECT generate_series(107, 108)');
stored($running, '101 102 103 104 105 106 107 108', "the subscriber's worker runs on");
is(one_of($running, 'SELECT count(*) FROM bemi.gaps'), 0, 'without a gap');
$publisher->safe_psql('postgres', 'SELECT bemi.start()');

# One that gets all that there is and is started then, as in a logical upgrade.
my $copy = subscriber('copy');
$copy->safe_psql('postgres', 'DO $$ BEGIN EXECUTE (SELECT \'DROP TABLE \' || string_agg(partition::text, \', \') FROM bemi.partitions); END $$');
my $subscribe = "CREATE SUBSCRIPTION copy CONNECTION '$connection' PUBLICATION everything";
like(($copy->psql('postgres', $subscribe))[2], qr/ERROR:  relation "bemi\.changes_\w+" does not exist/, 'the partitions must be there first');
$copy->command_ok([ 'bash', '-c', 'set -o pipefail; pg_dump --schema-only --table="bemi.changes_*" "$1" | psql -qX -v ON_ERROR_STOP=1 "$2"', 'bash',
    $publisher->connstr('postgres'), $copy->connstr('postgres') ], 'which pg_dump takes along');
$copy->safe_psql('postgres', $subscribe);
$copy->wait_for_subscription_sync($publisher, 'copy');
is(one_of($copy, q{SELECT count(*) = (SELECT count(*) FROM todo) FROM bemi.changes WHERE operation = 'CREATE'}), 't', 'the history comes along');
is(one_of($copy, 'SELECT (SELECT count(*) FROM bemi.worker), (SELECT count(*) FROM bemi.progress), (SELECT count(*) FROM bemi.gaps)'), '0|0|0', 'the state does not');
$copy->safe_psql('postgres', 'DROP SUBSCRIPTION copy; SELECT bemi.start(); INSERT INTO todo SELECT generate_series(101, 105)');
stored($copy, '101 102 103 104 105', 'start() starts a worker of its own');
is(one_of($copy, 'SELECT count(*) FROM bemi.gaps'), 0, 'and there is no gap');

# Who restores with session_replication_role = replica gets the rows in.
$copy->safe_psql('postgres', q{SET session_replication_role = replica; INSERT INTO bemi.gaps (system_identifier, from_position, reason) VALUES (1, '0/1', 'a dump')});
is(one_of($copy, 'SELECT reason FROM bemi.gaps'), 'a dump', 'a dump is restored in the replica role');

# Rows that are another server's, or of WAL that there never was.
sub with_state {
    my ($sql) = @_;
    $copy->safe_psql('postgres', 'DELETE FROM bemi.gaps; SELECT bemi.stop()');
    $copy->poll_query_until('postgres', 'SELECT pid IS NULL FROM bemi.metrics');
    $copy->safe_psql('postgres', "$sql; INSERT INTO todo VALUES (200)");
    $copy->safe_psql('postgres', 'SELECT bemi.start(); DELETE FROM todo WHERE id = 200; INSERT INTO todo VALUES (201)');
    ok($copy->poll_query_until('postgres', q{SELECT count(*) > 0 FROM bemi.changes WHERE primary_key = '201'}), "stored: $sql")
        or diag(one_of($copy, 'SELECT m FROM bemi.metrics m'));
    $copy->safe_psql('postgres', q{DELETE FROM bemi.changes WHERE primary_key IN ('200', '201'); DELETE FROM todo WHERE id = 201});
    return one_of($copy, 'SELECT count(*), bool_and(to_position > from_position AND reason ~ \'not in this WAL\') FROM bemi.gaps');
}

is(with_state(q{INSERT INTO bemi.worker (system_identifier, database, desired_state, since, requested_by) SELECT 1, database, 'stopped', since, requested_by FROM bemi.worker;
    INSERT INTO bemi.progress (system_identifier, database, timeline, position, from_position, from_time)
        SELECT 1, database, 1, 'FFFFFFFF/0', from_position, from_time FROM bemi.progress}), '0|', 'which another server has: ignored');
is(with_state(q{UPDATE bemi.progress SET position = 'FFFFFFFF/0'}), '1|t', 'a position beyond the end of the WAL is a gap');
is(with_state(q{UPDATE bemi.progress SET timeline = 99}), '1|t', 'as is one of another timeline');
is(with_state(q{DELETE FROM bemi.worker WHERE system_identifier = 1; DELETE FROM bemi.progress WHERE system_identifier = 1;
    UPDATE bemi.worker SET system_identifier = 1; UPDATE bemi.progress SET system_identifier = 1}), '0|', 'what became of another server goes on');

done_testing();
