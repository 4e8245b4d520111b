# Changes that cannot be turned into a record, because the output function of a type fails or because they are too large, are
# noted in bemi.errors, and all others are stored, once each. BEMI_LONG=1 for one of more than 1 GB.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = server('main', 'restart_after_crash = on', 'log_min_messages = fatal', 'max_prepared_transactions = 2');

# A type whose output fails for values that no timestamp has, and one whose output fails as long as there is no file of that
# name: what pg_read_file() returns is no cstring, but looks like one.
$node->safe_psql('postgres', q{
    CREATE TYPE fragile;
    CREATE FUNCTION fragile_in(cstring) RETURNS fragile LANGUAGE internal IMMUTABLE STRICT AS 'int8in';
    CREATE FUNCTION fragile_out(fragile) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'timestamp_out';
    CREATE TYPE fragile (INPUT = fragile_in, OUTPUT = fragile_out, LIKE = timestamp);
    CREATE FUNCTION bad() RETURNS fragile LANGUAGE sql AS $$ SELECT fragile_in('-9000000000000000000') $$;
    CREATE FUNCTION good() RETURNS fragile LANGUAGE sql AS $$ SELECT fragile_in('0') $$;

    CREATE TYPE file;
    CREATE FUNCTION file_in(cstring) RETURNS file LANGUAGE internal IMMUTABLE STRICT AS 'textin';
    DO $$ BEGIN
        EXECUTE format('CREATE FUNCTION file_out(file) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS %L',
            (SELECT prosrc FROM pg_proc WHERE oid = 'pg_read_file(text)'::regprocedure));
    END $$;
    CREATE TYPE file (INPUT = file_in, OUTPUT = file_out, LIKE = text);

    CREATE TABLE item (id int PRIMARY KEY, value fragile DEFAULT good());
    CREATE TABLE document (id int PRIMARY KEY, file file);
    SELECT bemi.track('item'), bemi.track('document');
    SELECT bemi.start();
});

sub becomes {
    my ($condition, $name) = @_;
    ok($node->poll_query_until('postgres', "SELECT $condition FROM bemi.status"), $name)
        or diag(one_of($node, 'SELECT s FROM bemi.status s'));
}

sub pause_worker {
    $node->safe_psql('postgres', 'SELECT bemi.stop()');
    $node->poll_query_until('postgres', 'SELECT pid IS NULL FROM bemi.status') or BAIL_OUT('the worker does not stop');
}

# Runs the script while the worker is paused, and has it stored up to the end.
sub store {
    my ($script) = @_;
    pause_worker();
    $node->safe_psql('postgres', $script);
    $node->safe_psql('postgres', q{INSERT INTO item SELECT max(id) + 1 FROM item; SELECT bemi.start()});
    wait_for_last();
}

sub wait_for_last {
    $node->poll_query_until('postgres',
        q{SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = (SELECT max(id)::text FROM item) AND operation = 'CREATE'})
        or BAIL_OUT('the last change is not stored: ' . one_of($node, 'SELECT s FROM bemi.status s'));
}

# The answer, or undef while the server is not there.
sub ask {
    my ($query) = @_;
    my ($status, $answer) = eval { $node->psql('postgres', $query) };
    return ($status // 1) == 0 ? $answer : undef;
}

my $stored = q{SELECT string_agg(operation || ' ' || primary_key || ' ' || sequence, ', ' ORDER BY commit_position, sequence) FROM bemi.changes};
my $noted = q{SELECT string_agg(operation || ' ' || sequence, ', ' ORDER BY commit_position, sequence) FROM bemi.errors};

store(q{
    INSERT INTO item VALUES (1, good()), (2, bad()), (3, good());
    INSERT INTO item VALUES (4, bad());
    BEGIN;
    INSERT INTO item VALUES (5);
    UPDATE item SET value = good() WHERE id = 4;
    UPDATE item SET value = good() WHERE id = 4;
    DELETE FROM item WHERE id = 2;
    INSERT INTO item VALUES (6);
    SAVEPOINT s;
    INSERT INTO item VALUES (7, bad());
    ROLLBACK TO s;
    UPDATE item SET value = bad() WHERE id = 3;
    COMMIT;
    BEGIN;
    INSERT INTO item VALUES (8, bad());
    INSERT INTO item VALUES (9);
    PREPARE TRANSACTION 'p';
    COMMIT PREPARED 'p';
});
is(one_of($node, $stored), 'CREATE 1 0, CREATE 3 2, CREATE 5 0, UPDATE 4 2, CREATE 6 4, CREATE 9 1, CREATE 10 0',
    'all changes that can be are stored, in their order and with their numbers');
is(one_of($node, $noted), 'CREATE 1, CREATE 0, UPDATE 1, DELETE 3, UPDATE 5, CREATE 0', 'the others are noted');
is(one_of($node, q{SELECT DISTINCT schema, "table", sqlstate, error FROM bemi.errors}),
    'public|item|22008|timestamp out of range', 'with the reason');
is(one_of($node, q{SELECT count(DISTINCT id), count(DISTINCT commit_position),
        bool_and(committed_at > now() - interval '1 hour' AND occurred_at >= committed_at) FROM bemi.errors}), '6|4|t', 'and their place');
is(one_of($node, q{SELECT count(*) FROM (SELECT commit_position, sequence FROM bemi.errors
        INTERSECT SELECT commit_position, sequence FROM bemi.changes) AS shared}), 0, 'which is no place of another');
is(one_of($node, 'SELECT attempts, last_error, errors FROM bemi.status'), '0||6', 'none counts as a failure of the worker');

$node->safe_psql('postgres', q{INSERT INTO item VALUES (11, bad()), (12, good())});
wait_for_last();
is(one_of($node, 'SELECT errors FROM bemi.status'), 7, 'the same while the worker runs');

# A dump of another server may bring errors along that were at the same place there.
create_slot($node, 'place');
pause_worker();
$node->safe_psql('postgres', q{INSERT INTO item VALUES (13)});
$node->safe_psql('postgres', q{
    INSERT INTO bemi.errors (id, commit_position, sequence, schema, "table", operation, committed_at, sqlstate, error)
    SELECT gen_random_uuid(), (data::json ->> 'commit_position')::bigint, 0, 'public', 'item', 'CREATE', now(), '22008', 'elsewhere'
    FROM pg_logical_slot_get_changes('place', NULL, NULL);
    DELETE FROM bemi.errors WHERE error <> 'elsewhere';
    SELECT pg_drop_replication_slot('place');
    SELECT bemi.start();
});
wait_for_last();
is(one_of($node, 'SELECT count(*) FROM bemi.errors'), 1, 'what another server could not store is stored here');

# The worker is killed between one change that cannot be stored and the next.
pause_worker();
$node->safe_psql('postgres', q{
    TRUNCATE bemi.changes, bemi.errors;
    CREATE PROCEDURE make(first int) LANGUAGE plpgsql AS $$
    BEGIN
        FOR transaction IN first .. first + 29 LOOP
            INSERT INTO item SELECT transaction * 100 + i, CASE WHEN i IN (20, 40) THEN bad() ELSE good() END
                FROM generate_series(1, 40) AS i ON CONFLICT DO NOTHING;
            COMMIT;
        END LOOP;
    END $$;
    CALL make(1);
});
$node->safe_psql('postgres', 'SELECT bemi.start()');
for my $round (1 .. 3) {
    usleep(rand(300_000));
    my $pid = ask('SELECT pid FROM bemi.status');
    kill 'KILL', $pid if $pid;
    usleep(50_000) until defined ask("CALL make(100 * $round)");
}
$node->safe_psql('postgres', q{INSERT INTO item VALUES (1000000)});
wait_for_last();
is(one_of($node, q{SELECT count(*), count(DISTINCT primary_key) FROM bemi.changes}), one_of($node, q{
    SELECT count(*), count(*) FROM item WHERE id > 100 AND id % 100 NOT IN (20, 40) OR id = 1000000}), 'killed in between: nothing is lost or twice');
is(one_of($node, q{SELECT count(*), count(DISTINCT (commit_position, sequence)) FROM bemi.errors}),
    one_of($node, q{SELECT count(*), count(*) FROM item WHERE id > 100 AND id % 100 IN (20, 40)}), 'nor is what cannot be stored');

# What the server lacks, it may have later.
$node->safe_psql('postgres', q{TRUNCATE bemi.errors; INSERT INTO document VALUES (1, 'later')});
becomes(q{last_sqlstate = '58P01' AND attempts > 0 AND state IN ('waiting', 'not running')}, 'an error of the system is one of the worker');
append_to_file($node->data_dir . '/later', 'xxxxxxxx');
$node->safe_psql('postgres', q{SELECT bemi.start()});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE "table" = 'document' AND after -> 'file' IS NOT NULL}),
    'which tries again');
is(one_of($node, 'SELECT errors FROM bemi.status'), 0, 'and notes nothing');

SKIP: {
    skip 'takes gigabytes of memory: set BEMI_LONG', 2 unless $ENV{BEMI_LONG};
    $node->safe_psql('postgres', q{
        CREATE TABLE large (id int PRIMARY KEY, text text);
        SELECT bemi.track('large');
        BEGIN;
        INSERT INTO large VALUES (1, 'a');
        INSERT INTO large VALUES (2, repeat(chr(1), 180000000));
        INSERT INTO large VALUES (3, 'a');
        COMMIT;
    });
    ok($node->poll_query_until('postgres', q{SELECT string_agg(primary_key, ' ' ORDER BY sequence) = '1 3' FROM bemi.changes WHERE "table" = 'large'}),
        'the others of a transaction with a change of more than 1 GB are stored');
    is(one_of($node, q{SELECT sequence, sqlstate, error FROM bemi.errors}),
        '1|54000|change of table "public.large" is larger than 1 GB as JSON', 'and it is noted');
}

done_testing();
