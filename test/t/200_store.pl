# bemi.start(): the changes of tracked tables appear in bemi.changes, once each, whatever happens around it.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main');
create_todo($node);

my $stored = q{SELECT operation, primary_key, before ->> 'task', after ->> 'task', context FROM bemi.changes
    ORDER BY commit_position, sequence};

sub stored {
    my ($count, $database) = @_;
    $node->poll_query_until($database // 'postgres', "SELECT count(*) >= $count FROM bemi.changes")
        or BAIL_OUT("there are no $count changes");
    return one_of($node, $stored, $database);
}

sub state_is {
    my ($state, $database) = @_;
    return $node->poll_query_until($database // 'postgres', "SELECT state = '$state' FROM bemi.metrics");
}

sub slots_are {
    my ($expected) = @_;
    return $node->poll_query_until('postgres',
        "SELECT coalesce(string_agg(slot_name, ' ' ORDER BY slot_name), '') = '$expected' FROM pg_replication_slots");
}

sub workers_are {
    my ($count) = @_;
    return $node->poll_query_until('postgres',
        "SELECT count(*) = $count FROM pg_stat_activity WHERE backend_type = 'bemi worker'");
}

my $slot = 'bemi_' . one_of($node, q{SELECT oid FROM pg_database WHERE datname = 'postgres'});

$node->safe_psql('postgres', q{BEGIN; SELECT bemi.start(); SELECT count(*) FROM generate_series(1, 1000000); ROLLBACK});
ok(workers_are(0) && slots_are(''), 'start() that is rolled back leaves nothing');
$node->safe_psql('postgres', q{CREATE DATABASE other});
$node->safe_psql('other', q{BEGIN; CREATE EXTENSION bemi; SELECT bemi.start(); ROLLBACK});
ok(workers_are(0) && slots_are(''), 'CREATE EXTENSION that is rolled back too');

$node->safe_psql('postgres', 'SELECT bemi.start()');
ok(state_is('caught up'), 'the worker runs');
$node->safe_psql('postgres', q{
    SET bemi.context = '{"user_id": 1}';
    INSERT INTO todo VALUES (1, 'Sleep');
    BEGIN;
    INSERT INTO todo VALUES (2, 'Eat');
    SAVEPOINT s;
    SET LOCAL bemi.context = '{"user_id": 2}';
    DELETE FROM todo;
    ROLLBACK TO s;
    UPDATE todo SET task = 'Nap' WHERE id = 1;
    COMMIT;
    TRUNCATE todo;
    CREATE TABLE untracked (id int PRIMARY KEY);
    INSERT INTO untracked VALUES (3);
    CREATE TABLE keyless (task text);
    SELECT bemi.track('keyless');
    INSERT INTO keyless VALUES ('Run');
    DROP TABLE keyless;
});
is(stored(5), <<'END' =~ s/\n\z//r, 'changes are stored in the order of their commits');
CREATE|1||Sleep|{"user_id": 1}
CREATE|2||Eat|{"user_id": 1}
UPDATE|1|Sleep|Nap|{"user_id": 1}
TRUNCATE||||{"user_id": 1}
CREATE|||Run|{"user_id": 1}
END
is(one_of($node, q{SELECT count(*) FROM bemi.changes c
    WHERE database = 'postgres' AND schema = 'public' AND transaction_id > 0 AND commit_position > position
      AND committed_at <= queued_at AND queued_at <= created_at AND created_at <= clock_timestamp()}),
    5, 'with all their columns');
is(one_of($node, q{SELECT changes_stored FROM bemi.status}), 5, 'bemi.status counts them');

$node->safe_psql('postgres', q{BEGIN; INSERT INTO todo VALUES (6, 'Prepared'); PREPARE TRANSACTION 'p'});
$node->safe_psql('postgres', q{COMMIT PREPARED 'p'});
like(stored(6), qr/CREATE\|6\|\|Prepared\|\{}\z/, 'COMMIT PREPARED');

$node->safe_psql('postgres', 'SELECT bemi.stop()');
ok(state_is('paused') && workers_are(0) && slots_are($slot), 'stop() keeps the slot');
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (7, 'Paused')});
$node->safe_psql('postgres', 'SELECT bemi.start()');
like(stored(7), qr/Paused\|\{}\z/, 'what happened meanwhile is stored later');

$node->restart;
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (8, 'Restarted')});
like(stored(8), qr/Restarted\|\{}\z/, 'it goes on after a restart');
$node->stop('immediate');
$node->start;
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (9, 'Crashed')});
like(stored(9), qr/Crashed\|\{}\z/, 'and after a crash');
is(one_of($node, 'SELECT count(*), count(DISTINCT id), count(DISTINCT (commit_position, sequence)) FROM bemi.changes'),
    '9|9|9', 'nothing twice');

# The worker's transactions are running for others too, although it decodes.
my $locker = $node->background_psql('postgres');
$locker->query_safe('SELECT pg_advisory_lock(1)');
$node->safe_psql('postgres', q{
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
    CREATE TRIGGER dawdle AFTER UPDATE ON bemi.progress FOR EACH ROW EXECUTE FUNCTION dawdle();
    INSERT INTO todo VALUES (-1, 'Slow')});
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'bemi worker' AND wait_event = 'advisory'});
is($locker->query_safe('SELECT changes FROM bemi.progress'), 9, 'a row that the worker updates can be read');
$locker->quit;
stored(10);
is(one_of($node, 'SELECT count(*) FROM bemi.progress'), 1, 'which is there once');
$node->safe_psql('postgres', q{DROP TRIGGER dawdle ON bemi.progress; DELETE FROM bemi.changes WHERE primary_key = '-1'});

# JSON that is no jsonb.
$node->safe_psql('postgres', q{
    CREATE TABLE note (id int PRIMARY KEY, body json);
    SELECT bemi.track('note');
    INSERT INTO note VALUES (1, '"a"'), (2, '"\u0000"'), (3, '"c"');
});
like(stored(12), qr/CREATE\|1\|.*\nCREATE\|2\|.*\nCREATE\|3\|/, 'a value that is no jsonb does not stop the others');
is(one_of($node, q{SELECT schema, "table", operation, sequence, sqlstate FROM bemi.errors}), 'public|note|CREATE|1|22P05',
    'and is in bemi.errors');

$node->safe_psql('postgres', 'CREATE ROLE app LOGIN');
for my $sql ('SELECT bemi.start()', 'SELECT bemi.stop()', 'SELECT FROM bemi.changes', 'SELECT FROM bemi.status',
    'DELETE FROM bemi.changes') {
    my ($status, $out, $errors) = $node->psql('postgres', $sql, connstr => $node->connstr('postgres') . ' user=app');
    like($errors, qr/permission denied/, "not for everybody: $sql");
}

$node->safe_psql('postgres', 'GRANT SELECT ON bemi.status TO app');
my ($status, $seen) = $node->psql('postgres', q{SELECT state <> 'not running' FROM bemi.status},
    connstr => $node->connstr('postgres') . ' user=app');
is($seen, 't', 'whom bemi.status is granted to sees the worker run');

# Several databases, and their end.
for my $drop ('DROP DATABASE other', 'DROP DATABASE other WITH (FORCE)') {
    $node->safe_psql('other', q{
        CREATE EXTENSION bemi;
        CREATE TABLE todo (id int PRIMARY KEY, task text);
        SELECT bemi.track('todo'), bemi.start();
    });
    ok(state_is('caught up', 'other'), 'a worker in another database');
    $node->safe_psql('other', q{INSERT INTO todo VALUES (1, 'There')});
    is(stored(1, 'other'), 'CREATE|1||There|{}', 'stores the changes there');
    $node->safe_psql('postgres', $drop);
    ok(workers_are(1) && slots_are($slot), "$drop takes the worker and the slot with it");
    $node->safe_psql('postgres', 'CREATE DATABASE other');
}

$node->safe_psql('postgres', 'SELECT bemi.stop(drop_slot => true)');
ok(workers_are(0) && slots_are(''), 'stop(drop_slot => true) drops the slot');
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (10, 'Unseen')});
$node->safe_psql('postgres', 'SELECT bemi.start()');
ok(state_is('caught up'), 'start() makes a new one');
is(one_of($node, 'SELECT count(*) FROM bemi.gaps'), 0, 'which is no gap');

$node->safe_psql('postgres', 'DROP EXTENSION bemi CASCADE');
ok(workers_are(0) && slots_are(''), 'DROP EXTENSION while the worker runs leaves no slot');
$node->safe_psql('postgres', q{
    CREATE EXTENSION bemi;
    SELECT bemi.track('todo'), bemi.start();
    INSERT INTO todo VALUES (11, 'Anew');
});
ok(state_is('caught up'), 'and it can begin anew');

done_testing();
