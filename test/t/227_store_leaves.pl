# What the worker gives back: its database to those who copy it, the WAL that is read, and the history to those who drop the
# extension.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical', extra => ['--wal-segsize=1']);
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION bemi');
create_todo($node);

sub run_sql { $node->safe_psql($_[1] // 'postgres', $_[0]) }

# WAL: a large transaction with checkpoints in it, and then nothing.
run_sql('SELECT bemi.start()');
change_is_stored($node, 'it stores');
my $writer = $node->background_psql('postgres');
$writer->query_safe('BEGIN');
for (1 .. 3) {
    $writer->query_safe(q{INSERT INTO todo SELECT i, repeat('x', 100) FROM generate_series(} . "$_ * 10000, $_ * 10000 + 9999) AS i");
    run_sql('CHECKPOINT');
}
$writer->query_safe('COMMIT');
$writer->quit;
ok($node->poll_query_until('postgres', q{SELECT pg_current_wal_lsn() - restart_lsn <= 1024 * 1024 FROM pg_replication_slots}),
    'an idle server holds back no more than a segment')
    or diag(one_of($node, 'SELECT pg_current_wal_lsn(), s FROM pg_replication_slots s'));
is(one_of($node, q{SELECT count(*) FROM bemi.changes WHERE after ->> 'task' LIKE 'xxx%'}), 30000, 'after a large transaction');

# Copies. Nobody but PostgreSQL itself keeps two from being made at a time.
run_sql('CREATE ROLE maker LOGIN CREATEDB; CREATE DATABASE quiet; CREATE DATABASE aside');
my $maker = $node->connstr('postgres') . ' user=maker';
my $holder = $node->background_psql('aside');
$holder->query_safe(q{BEGIN; ALTER ROLE maker IN DATABASE postgres SET work_mem = '1MB'; ALTER ROLE maker IN DATABASE quiet SET work_mem = '1MB'});
for my $database ('quiet', 'postgres') {
    $node->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('template1'), '-c', q{SET lock_timeout = '5 s'},
        '-c', "CREATE DATABASE copy_of_$database TEMPLATE $database" ], "a copy of the database $database waits for no lock");
}
$holder->quit;
change_is_stored($node, 'the worker comes back');
run_sql('CREATE DATABASE copy TEMPLATE postgres');
change_is_stored($node, 'also where its own database asked it to leave');
run_sql('SELECT bemi.start()', 'copy');
change_is_stored($node, 'the copy stores', database => 'copy');
is(one_of($node, 'SELECT count(*) FROM bemi.gaps', 'copy'), 0, 'without a gap');
run_sql('DROP DATABASE copy');

my ($status, $out, $errors) = $node->psql('postgres', 'CREATE DATABASE mine TEMPLATE postgres', connstr => $maker);
like($errors, qr/permission denied to copy database "postgres"/, 'who may not copy a database is refused');
my $pid = one_of($node, 'SELECT pid FROM bemi.metrics');
$node->psql('postgres', 'CREATE DATABASE mine TEMPLATE postgres', connstr => $maker);
is(one_of($node, 'SELECT pid FROM bemi.metrics'), $pid, 'and its worker stays');
run_sql('CREATE EXTENSION bemi; CREATE TABLE todo (id int PRIMARY KEY, task text); SELECT bemi.track(\'todo\'), bemi.start()', 'template1');
change_is_stored($node, 'a worker in template1', database => 'template1');
($status, $out, $errors) = $node->psql('postgres', 'CREATE DATABASE mine', connstr => $maker, on_error_stop => 1);
is($errors, '', '... leaves for CREATE DATABASE of whoever may');
change_is_stored($node, '... and comes back', database => 'template1');
run_sql('DROP DATABASE mine');
run_sql('DROP EXTENSION bemi CASCADE; DROP TABLE todo', 'template1');

# The history.
($status, $out, $errors) = $node->psql('postgres', 'DROP EXTENSION bemi', connstr => $maker);
like($errors, qr/must be owner of extension bemi/, 'who may not drop the extension');
my $drop = q{SELECT bemi.stop(drop_slot => true); SELECT bemi.untrack('todo')};
run_sql($drop);
($status, $out, $errors) = $node->psql('postgres', 'DROP EXTENSION bemi');
like($errors, qr/cannot drop extension "bemi" because table "bemi.changes" is not empty\nHINT:  To keep them, use ALTER EXTENSION bemi DROP TABLE/, 'nobody drops the history by mistake');
my $me = one_of($node, 'SELECT current_user');
($status, $out, $errors) = $node->psql('postgres', "CREATE ROLE boss SUPERUSER; ALTER TABLE bemi.changes OWNER TO boss; DROP OWNED BY boss; ALTER TABLE bemi.changes OWNER TO $me");
like($errors, qr/cannot drop extension "bemi" because/, 'nor as that of a role');
run_sql(q{INSERT INTO bemi.gaps (system_identifier, from_position, reason) VALUES (1, '0/1', 'a test')});
run_sql(q{
    CREATE SCHEMA history;
    ALTER EXTENSION bemi DROP TABLE bemi.changes;
    ALTER TABLE bemi.changes SET SCHEMA history;
    CREATE TABLE history.gaps AS TABLE bemi.gaps;
    CREATE TABLE history.errors AS TABLE bemi.errors;
    DROP EXTENSION bemi});
is(one_of($node, 'SELECT count(*) >= 30000 FROM history.changes'), 't', 'it can be kept');
is(one_of($node, q{SELECT count(*) FROM history.gaps WHERE reason = 'a test'}), 1, '... with what says how complete it is');
run_sql(q{CREATE EXTENSION bemi; SELECT bemi.track('todo'), bemi.start()});
change_is_stored($node, 'beside the one of the extension when that comes back');
run_sql($drop);
run_sql('TRUNCATE bemi.changes; DROP EXTENSION bemi');
run_sql(q{CREATE EXTENSION bemi; SELECT bemi.track('todo'), bemi.start()});
change_is_stored($node, 'where there is none, the extension can be dropped');
run_sql('DROP EXTENSION bemi CASCADE');
is(one_of($node, q{SELECT to_regclass('bemi.changes')}), '', 'and with CASCADE it goes along');

# The worker is at work when the command comes, and has locks of its own.
my $round = q{
    CREATE EXTENSION bemi;
    CREATE TABLE IF NOT EXISTS busy (id serial PRIMARY KEY);
    SELECT bemi.track('busy');
    SELECT bemi.start();
    INSERT INTO busy SELECT FROM generate_series(1, 200);
    SELECT bemi.stop(drop_slot => true);
    DROP EXTENSION bemi CASCADE;
};
$node->safe_psql('postgres', 'CREATE DATABASE busy');
my ($done, $output, $complaints) = $node->psql('busy', "SET client_min_messages = warning; $round" x 20, on_error_stop => 1);
is($complaints, '', 'DROP EXTENSION never waits in a circle with the worker, 20 times');
done_testing();
