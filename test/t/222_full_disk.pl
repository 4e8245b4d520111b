# bemi.doctor() where the disk of the database is full: it answers, and says that this is what keeps the worker from storing.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The disk is a tmpfs in a mount namespace of the server's own, which it enters as the user who it is outside.
my $disk = PostgreSQL::Test::Utils::tempdir . '/disk';
mkdir $disk;
my @within = ('unshare', '--map-root-user', '--mount', 'sh', '-c',
    "mount -t tmpfs -o size=40m,mode=777 none '$disk' && exec unshare --user --map-user=$> \"\$@\"", 'sh');
plan skip_all => 'needs a mount namespace (unshare of util-linux 2.38, and user namespaces)'
    if !run_log([ @within, 'sh', '-c', "test \$(id -u) = $> && test -w '$disk'" ]);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', 'log_min_messages = warning');
start_again($node, @within);
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk'");
$node->safe_psql('postgres', 'CREATE DATABASE app TABLESPACE small');
$node->safe_psql('app', q{
    CREATE EXTENSION bemi;
    CREATE TABLE todo (id int PRIMARY KEY, filler text);
    SELECT bemi.track('todo'), bemi.start();
    INSERT INTO todo VALUES (1);
    SELECT bemi.sync('180 s');
    CREATE TABLE rest (filler text)});
sub faults { return one_of($node, q{SELECT string_agg(check_name || ': ' || found, e'\n') FROM (SELECT "check" AS check_name, found FROM bemi.doctor() WHERE NOT ok) AS f}, 'app') }
is(faults(), '', 'all is well');

# The worker finds changes that it has no room for.
my $locker = $node->background_psql('app');
$locker->query_safe('BEGIN; LOCK TABLE bemi.changes');
$node->safe_psql('app', 'INSERT INTO todo SELECT i, md5(i::text) FROM generate_series(2, 2000) AS i');
for my $rows (1000, 100, 10, 1) {
    my $status = 0;
    ($status) = $node->psql('app', "INSERT INTO rest SELECT repeat('x', 2000) FROM generate_series(1, $rows)") while $status == 0;
}
$locker->quit;
status_becomes($node, q{attempts > 1 AND last_sqlstate = '53100' AND last_error LIKE '%No space left on device%'}, 'the worker says what it lacks', 'app');
like(faults(), qr/^worker: \d+ attempts .*could not extend file .*No space left on device/m, 'and so does the doctor');
$node->safe_psql('app', 'DROP TABLE rest; CHECKPOINT');
ok($node->poll_query_until('app', 'SELECT count(*) = (SELECT count(*) FROM todo) FROM bemi.changes'), 'with room again all is stored');
is(faults(), '', 'and well') if $node->poll_query_until('app', q{SELECT state = 'caught up' AND attempts = 0 FROM bemi.metrics});
done_testing();
