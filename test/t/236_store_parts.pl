# A large transaction is stored in parts: whatever ends the worker between two of them, it goes on after the last part that
# it stored, and no snapshot of it is older than a part.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $rows = 200_000;
my $node = server('main', 'restart_after_crash = on', 'log_min_messages = fatal', 'autovacuum = off');
create_todo($node);
$node->safe_psql('postgres', q{
    CREATE TABLE stop_at (sequence bigint);
    CREATE FUNCTION stop_there() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        WHILE EXISTS (SELECT FROM public.stop_at s WHERE s.sequence = NEW.sequence) LOOP
            PERFORM pg_sleep(0.02);
        END LOOP;
        RETURN NEW;
    END $$;
    CREATE TRIGGER stop_there BEFORE INSERT ON bemi.changes FOR EACH ROW EXECUTE FUNCTION stop_there();
    SELECT bemi.start();
});

# The worker stops before it stores this change, and holds there.
sub stop_at {
    my ($sequence) = @_;
    $node->safe_psql('postgres', "DELETE FROM stop_at; INSERT INTO stop_at VALUES ($sequence)");
}

sub is_held {
    $node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'bemi worker' AND wait_event = 'PgSleep'});
}

# The postmaster restarts all processes.
sub kill_worker {
    my $pid = one_of($node, q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'bemi worker'});
    kill 'KILL', $pid;
    $node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'bemi worker' AND pid <> $pid");
}

my $stored = q{SELECT count(*) FROM bemi.changes WHERE context = '{"job": "import"}'};
my $progress = 'bemi.progress p';
my $backend_xmin = q{SELECT backend_xmin::text::bigint FROM pg_stat_activity WHERE backend_type = 'bemi worker'};

stop_at(70_000);
$node->safe_psql('postgres', qq{
    BEGIN;
    SET LOCAL bemi.context = '{"job": "import"}';
    INSERT INTO todo SELECT g, repeat('x', 200) FROM generate_series(1, $rows) g;
    COMMIT;
    INSERT INTO todo VALUES (0);
});
ok(is_held(), 'the worker stores a large transaction');
my $first = one_of($node, $stored);
cmp_ok($first, '>', 0, 'a part of it can be read');
cmp_ok($first, '<=', 70_000, '... which ends before what is being stored');
is(one_of($node, "SELECT count(DISTINCT c.sequence), min(c.sequence), max(c.sequence) = p.part_sequence, bool_and(c.commit_position = p.part_of - '0/0'), p.position < p.part_of, p.changes
    FROM bemi.changes c, $progress GROUP BY p.part_sequence, p.part_of, p.position, p.changes"), "$first|0|t|t|t|$first", 'bemi.progress says how far it is');
is(one_of($node, "SELECT transaction_changes_read, transaction_changes_stored BETWEEN $first AND transaction_changes_read FROM bemi.metrics"), "$rows|t", '... as does bemi.metrics');
is(one_of($node, "SELECT count(*) FROM bemi.changes c WHERE NOT EXISTS (SELECT FROM $progress WHERE p.part_of - '0/0' = c.commit_position)"), 0,
    'who must not see a part of a transaction can leave it out');
my ($status, $out, $errors) = $node->psql('postgres', q{SET bemi.sync_timeout = '100 ms'; SELECT bemi.sync()});
like($errors, qr/timeout while waiting for changes to be stored/, 'bemi.sync() waits for its end');

my $xmin = one_of($node, $backend_xmin);
stop_at(120_000);
ok(is_held(), 'it goes on');
cmp_ok(one_of($node, $backend_xmin), '>', $xmin, 'with a newer snapshot');

# What ends it, and where it is held then.
my @ends = (
    [ 'kill -9', 150_000, \&kill_worker ],
    [ 'an immediate stop of the server', 160_000, sub { $node->stop('immediate'); $node->start } ],
    [ 'bemi.stop()', 190_000, sub {
        my $held = one_of($node, $stored);
        $node->safe_psql('postgres', 'SELECT bemi.stop(); DELETE FROM stop_at');
        status_becomes($node, q{state = 'paused' AND pid IS NULL}, 'bemi.stop() is followed between two parts');
        cmp_ok(one_of($node, $stored), '<', $rows, '... of which the last is not stored');
        cmp_ok(one_of($node, $stored), '>=', $held, '... and none is lost');
        stop_at(190_000);
        $node->safe_psql('postgres', 'SELECT bemi.start()');
    } ],
    [ 'pg_terminate_backend()', $rows - 1, sub { $node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 60000) FROM bemi.metrics}) } ],
);
my $before = one_of($node, $stored);
for my $end (@ends) {
    my ($name, $next, $do) = @$end;
    $do->();
    stop_at($next);
    ok(is_held(), "after $name it goes on");
    my $now = one_of($node, $stored);
    cmp_ok($now, '>=', $before, '... after what it had stored');
    $before = $now;
}
$node->safe_psql('postgres', 'DELETE FROM stop_at');
status_becomes($node, q{state = 'caught up'}, 'in the end all is stored');
is(one_of($node, q{SELECT count(*), count(DISTINCT id), count(DISTINCT sequence), max(sequence), count(DISTINCT primary_key) FROM bemi.changes WHERE context <> '{}'}),
    join('|', $rows, $rows, $rows, $rows - 1, $rows), 'each change once');
is(one_of($node, "SELECT p.part_of IS NULL AND p.part_sequence IS NULL, p.changes FROM $progress"), 't|' . ($rows + 1), 'and none is a part any more');
is(one_of($node, q{SELECT (SELECT created_at FROM bemi.changes WHERE primary_key = '0') >= max(created_at) FROM bemi.changes}), 't', 'what was committed later came later');
is(one_of($node, 'SELECT (SELECT count(*) FROM bemi.gaps) + (SELECT count(*) FROM bemi.errors)'), 0, 'nothing is missing');

# What a transaction asks to erase is erased when all of it is stored.
stop_at(60_000);
$node->safe_psql('postgres', q{
    BEGIN;
    SELECT bemi.erase('todo', '200000', '{task}', reason => 'asked for');
    UPDATE todo SET task = task || 'y' WHERE id > 100000;
    COMMIT;
});
ok(is_held(), 'the worker stores another large transaction');
kill_worker();
$node->safe_psql('postgres', 'DELETE FROM stop_at');
status_becomes($node, q{state = 'caught up'}, 'after kill -9 it goes on to the end');
is(one_of($node, q{SELECT count(*), count(DISTINCT id) FROM bemi.changes WHERE operation = 'UPDATE'}), '100000|100000', '... with each change once');
is(one_of($node, q{SELECT count(*), count(coalesce(before ->> 'task', after ->> 'task')) FROM bemi.changes WHERE primary_key = '200000' AND operation <> 'ERASURE'}),
    '2|0', '... without what the transaction asked to erase');
is(one_of($node, q{SELECT count(*) FROM bemi.changes WHERE operation = 'ERASURE'}), 1, '... which is a change');

# The slot goes, and with it the only way to read the rest.
stop_at(60_000);
$node->safe_psql('postgres', "DELETE FROM todo WHERE id > 100000");
ok(is_held(), 'the worker stores a third one');
$node->safe_psql('postgres', 'SELECT bemi.stop(drop_slot => true); DELETE FROM stop_at');
status_becomes($node, q{pid IS NULL AND slot IS NULL}, 'bemi.stop(drop_slot => true)');
is(one_of($node, q{SELECT count(*), (SELECT count(*) FROM bemi.gaps) FROM bemi.changes WHERE operation = 'DELETE'}), '100000|0', '... comes after the last part');
done_testing();
