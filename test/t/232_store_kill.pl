# Processes are killed at random moments under load. Each transaction writes down in a ledger of its own what it changed;
# at the end bemi.changes has just that, in that order. BEMI_LONG=1 for 50 rounds.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $rounds = $ENV{BEMI_LONG} ? 50 : 5;
my $node = server('main', 'max_prepared_transactions = 20', 'log_min_messages = warning', 'max_wal_size = 1GB',
    'restart_after_crash = on');

$node->safe_psql('postgres', q{
    CREATE TABLE account (id int PRIMARY KEY, balance bigint, note text);
    CREATE TABLE import (id serial PRIMARY KEY, value int, filler text);
    CREATE TABLE ledger (at bigserial, xid xid8 DEFAULT pg_current_xact_id(), "table" text, operation text, before jsonb, after jsonb);
    SELECT bemi.track('account'), bemi.track('import', level => 'statement');

    CREATE FUNCTION write_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO ledger ("table", operation, before, after) VALUES (TG_TABLE_NAME, TG_OP,
            CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END, CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) END);
        RETURN NULL;
    END $$;
    CREATE TRIGGER ledger AFTER INSERT OR UPDATE OR DELETE ON account FOR EACH ROW EXECUTE FUNCTION write_ledger();
    CREATE TRIGGER ledger AFTER INSERT OR UPDATE OR DELETE ON import FOR EACH ROW EXECUTE FUNCTION write_ledger();
});
$node->safe_psql('postgres', 'SELECT bemi.start()');
$node->safe_psql('postgres', q{INSERT INTO account SELECT i, 0, repeat('x', 20) FROM generate_series(1, 200) AS i});

sub script {
    my ($name, $text) = @_;
    my $file = $node->basedir . "/$name.sql";
    PostgreSQL::Test::Utils::append_to_file($file, "\\set id random(1, 200)\n\\set gid random(1, 1000000000)\n$text");
    return ('-f', $file);
}

my @scripts = (
    script('savepoint', q{
        BEGIN;
        SET LOCAL bemi.context = '{"script": "savepoint"}';
        UPDATE account SET balance = balance + 1 WHERE id = :id;
        SAVEPOINT a;
        SET LOCAL bemi.context = '{"script": "lost"}';
        UPDATE account SET balance = -1, note = 'lost' WHERE id = :id;
        ROLLBACK TO a;
        UPDATE account SET balance = balance + 1, note = md5(:gid::text) WHERE id = :id;
        COMMIT;
    }),
    script('copy', q{COPY import (value) FROM PROGRAM 'seq 1 20' /*Bemi {"script": "copy"} Bemi*/;}),
    script('rollback', q{BEGIN; DELETE FROM account WHERE id = :id; INSERT INTO import (value) VALUES (-1); ROLLBACK;}),
    script('bulk', q{INSERT INTO import (value) SELECT i FROM generate_series(1, 300) AS i /*Bemi {"script": "bulk"} Bemi*/;}),
    script('prepared', q{
        BEGIN;
        INSERT INTO import (value) VALUES (:id) /*Bemi {"script": "prepared"} Bemi*/;
        UPDATE account SET balance = balance + 1 WHERE id = :id;
        PREPARE TRANSACTION 'p:gid';
        COMMIT PREPARED 'p:gid';
    }),
);

sub start_load {
    return IPC::Run::start([ 'pgbench', '-n', '-c', '3', '-T', '60', @scripts, $node->connstr('postgres') ],
        '>&', \my $output);
}

# One that does not fit into a batch in memory, and takes the worker longer to store than the next fault will wait.
sub write_large_transaction {
    $node->safe_psql('postgres', q{
        INSERT INTO import (value, filler) SELECT i, repeat('x', 1000) FROM generate_series(1, 15000) AS i /*Bemi {"script": "large"} Bemi*/});
}

my %fault = faults_of_processes($node);
my @faults = sort keys %fault;

for my $round (0 .. $rounds - 1) {
    my $load = start_load();
    write_large_transaction() if $round % 4 == 1;
    for my $shot (1 .. 2) {
        usleep(rand(800_000)); # at whatever moment
        $fault{ $faults[($round + $shot * 2) % @faults] }->();
    }
    wait_for_server($node);
    $load->signal('INT');
    $load->finish;
}

wait_for_server($node);
commit_prepared($node);
$node->safe_psql('postgres', q{CREATE TABLE the_end (); SELECT bemi.track('the_end'); INSERT INTO the_end DEFAULT VALUES});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE "table" = 'the_end'}),
    'the worker catches up') or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));

$node->safe_psql('postgres', q{
    CREATE TABLE expected AS
    SELECT xid::text::bigint AS xid, row_number() OVER (PARTITION BY xid ORDER BY at) AS n, "table",
           CASE operation WHEN 'INSERT' THEN 'CREATE' ELSE operation END AS operation, before, after
    FROM ledger;
    CREATE TABLE actual AS
    SELECT transaction_id AS xid, row_number() OVER (PARTITION BY transaction_id ORDER BY sequence) AS n, "table", operation, before, after
    FROM bemi.changes WHERE "table" <> 'the_end';
});
my $count = one_of($node, 'SELECT count(*) FROM expected');
note("$count changes");
cmp_ok($count, '>', 1000, 'there was a load');
is(one_of($node, 'SELECT count(*) FROM actual'), $count, 'as many changes as were made');
is(one_of($node, 'SELECT count(*) FROM (TABLE expected EXCEPT ALL TABLE actual) AS missing'), 0, 'nothing is lost');
is(one_of($node, 'SELECT count(*) FROM (TABLE actual EXCEPT ALL TABLE expected) AS surplus'), 0, 'nothing is there twice');
is(one_of($node, q{SELECT count(*) FROM bemi.changes WHERE context ->> 'script' = 'lost'
    OR ("table" = 'import' AND context = '{}' AND after ->> 'value' <> '-1')}), 0, 'with the right contexts');
is(one_of($node, q{SELECT count(*) FROM (SELECT balance, lag(balance) OVER (PARTITION BY id ORDER BY commit_position, sequence) AS former
    FROM (SELECT commit_position, sequence, (after ->> 'id')::int AS id, (after ->> 'balance')::bigint AS balance FROM bemi.changes
        WHERE "table" = 'account') AS c) AS history WHERE balance <> former + 1}), 0, 'and in the order of the commits');
is(one_of($node, 'SELECT count(*) FROM bemi.errors'), 0, 'no error was noted');

done_testing();
