# Two databases of a server, in one of which the extension's objects are older than the library: that one says what is
# missing, and catches up once it is there; the other one notices nothing.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', 'log_min_messages = warning');
create_todo($node);
$node->safe_psql('postgres', q{SELECT bemi.start(); SELECT bemi.sync('180 s')});
$node->safe_psql('postgres', 'CREATE DATABASE older');
$node->safe_psql('older', q{
    CREATE EXTENSION bemi;
    CREATE TABLE todo (id int PRIMARY KEY);
    SELECT bemi.track('todo'), bemi.start();
    SELECT bemi.sync('180 s')});

my $workers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'bemi worker'};
my $next = 0;
sub other_goes_on {
    my ($name) = @_;
    $next++;
    $node->safe_psql('postgres', "INSERT INTO todo VALUES ($next)");
    ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '$next'"), "$name: the other database goes on");
    is(one_of($node, 'SELECT count(*) FROM bemi.doctor() WHERE NOT ok'), 0, '... and has no fault');
}

# What a newer library uses and an older script did not make, and how to make it.
my @missing = (
    [ 'a column of what the worker writes', '42703', 'column "stored_at"',
        'ALTER TABLE bemi.progress RENAME stored_at TO absent', 'ALTER TABLE bemi.progress RENAME absent TO stored_at' ],
    [ 'a table', '42P01', 'bemi\.gaps|bemi\.errors|bemi\.changes',
        'ALTER TABLE bemi.changes RENAME TO absent', 'ALTER TABLE bemi.absent RENAME TO changes' ],
);
for my $case (@missing) {
    my ($name, $sqlstate, $named, $break, $mend) = @$case;
    $node->safe_psql('older', $break);
    $node->safe_psql('older', "INSERT INTO todo SELECT count(*) FROM todo");
    status_becomes($node, "attempts > 1 AND last_sqlstate = '$sqlstate' AND last_error ~ '$named'", "$name: is named", 'older');
    like(one_of($node, q{SELECT string_agg(found, ' ') FROM bemi.doctor() WHERE NOT ok}, 'older'), qr/$named/, '... by the doctor too');
    other_goes_on($name);
    cmp_ok(one_of($node, $workers), '<=', 3, '... and processes do not pile up');
    $node->safe_psql('older', $mend);
    $node->safe_psql('older', 'SELECT bemi.start()');
    ok($node->poll_query_until('older', 'SELECT count(*) = (SELECT count(*) FROM todo) FROM bemi.changes'), '... once it is there all is stored');
}

# An older script altogether: what doctor says first.
$node->safe_psql('older', q{UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'bemi'});
like(one_of($node, q{SELECT "check", ok, found, fix FROM bemi.doctor() LIMIT 1}, 'older'),
    qr/^version\|f\|0\.9 in this database, \S+ on disk\|ALTER EXTENSION bemi UPDATE;$/, 'doctor names an older version of the objects');
$node->safe_psql('older', q{UPDATE pg_extension SET extversion = default_version FROM pg_available_extensions WHERE extname = 'bemi' AND name = 'bemi'});
is(one_of($node, q{SELECT count(*) FROM bemi.doctor() WHERE NOT ok}, 'older'), 0, '... and is content after the update');

# Where the worker cannot even read what it is to do, it cannot write down why.
$node->safe_psql('older', 'ALTER TABLE bemi.worker RENAME crashes TO absent; INSERT INTO todo SELECT count(*) FROM todo');
$node->safe_psql('older', q{SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE backend_type = 'bemi worker' AND datname = 'older'});
ok(wait_until(sub { slurp_file($node->logfile) =~ /ERROR:  column "crashes" does not exist/ }), 'the state of the worker: the log names what is missing');
other_goes_on('the state of the worker');
cmp_ok(one_of($node, $workers), '<=', 3, '... and processes do not pile up');
# While a worker is there, which is about to fail, start() has nothing to do.
ok(wait_until(sub { ($node->psql('older', 'SELECT bemi.start()'))[2] =~ /ERROR:  column "crashes"/ }), '... as bemi.start() does');
$node->safe_psql('older', 'ALTER TABLE bemi.worker RENAME absent TO crashes');
$node->safe_psql('older', 'SELECT bemi.start()');
ok($node->poll_query_until('older', 'SELECT count(*) = (SELECT count(*) FROM todo) FROM bemi.changes'), '... once it is there all is stored');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC/, 'no process has crashed');
done_testing();
