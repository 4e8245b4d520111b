# What cannot be stored as it is, because the output function of a type fails, or because jsonb or an index cannot hold it, is
# stored as something else or left out, and noted in bemi.errors, once each. BEMI_LONG=1 for changes of more than 1 GB, which are
# missing.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

$PostgreSQL::Test::Utils::timeout_default *= 5 if $ENV{BEMI_LONG};
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

sub becomes { status_becomes($node, @_) }

sub pause_worker {
    $node->safe_psql('postgres', 'SELECT bemi.stop()');
    $node->poll_query_until('postgres', 'SELECT pid IS NULL FROM bemi.metrics') or BAIL_OUT('the worker does not stop');
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
        or BAIL_OUT('the last change is not stored: ' . one_of($node, 'SELECT m FROM bemi.metrics m'));
}

my $stored = q{SELECT string_agg(operation || ' ' || primary_key || ' ' || sequence, ', ' ORDER BY commit_position, sequence) FROM bemi.changes};
my $noted = q{SELECT string_agg(operation || ' ' || sequence || ' ' || stored_as, '; ' ORDER BY commit_position, sequence) FROM bemi.errors};

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
is(one_of($node, $stored), 'CREATE 1 0, CREATE 2 1, CREATE 3 2, CREATE 4 0, CREATE 5 0, UPDATE 4 1, UPDATE 4 2, DELETE 2 3, CREATE 6 4, UPDATE 3 5, '
    . 'CREATE 8 0, CREATE 9 1, CREATE 10 0', 'all changes are stored, in their order and with their numbers');
is(one_of($node, $noted), 'CREATE 1 after."value" left out; CREATE 0 after."value" left out; UPDATE 1 before."value" left out; '
    . 'DELETE 3 before."value" left out; UPDATE 5 after."value" left out; CREATE 0 after."value" left out', 'what was left out is noted');
is(one_of($node, q{SELECT count(*), count(DISTINCT c.operation) FROM bemi.changes c JOIN bemi.errors e USING (id, commit_position, sequence)
        WHERE (c.before || c.after) - 'value' = jsonb_build_object('id', primary_key::int)}), '6|3', 'all else is there');
is(one_of($node, q{SELECT DISTINCT schema, "table", sqlstate, error FROM bemi.errors}),
    'public|item|22008|timestamp out of range', 'with the reason');
is(one_of($node, q{SELECT bool_and(committed_at > now() - interval '1 hour' AND occurred_at >= committed_at) FROM bemi.errors}), 't', 'and the times');
is(one_of($node, 'SELECT attempts, last_error, errors FROM bemi.metrics'), '0||6', 'none counts as a failure of the worker');

$node->safe_psql('postgres', q{INSERT INTO item VALUES (11, bad()), (12, good())});
wait_for_last();
is(one_of($node, 'SELECT errors FROM bemi.metrics'), 7, 'the same while the worker runs');

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
    usleep(rand(300_000)); # at whatever moment
    my $pid = ask($node, 'SELECT pid FROM bemi.metrics');
    kill 'KILL', $pid if $pid;
    wait_until(sub { defined ask($node, "CALL make(100 * $round)") }) or BAIL_OUT('the server does not come back');
}
$node->safe_psql('postgres', q{INSERT INTO item VALUES (1000000)});
wait_for_last();
is(one_of($node, q{SELECT count(*), count(DISTINCT primary_key) FROM bemi.changes}), one_of($node, q{
    SELECT count(*), count(*) FROM item WHERE id > 100}), 'killed in between: nothing is lost or twice');
is(one_of($node, q{SELECT count(*), count(DISTINCT (commit_position, sequence)) FROM bemi.errors}),
    one_of($node, q{SELECT count(*), count(*) FROM item WHERE id > 100 AND id % 100 IN (20, 40)}), 'nor noted twice');

# What the server lacks, it may have later.
$node->safe_psql('postgres', q{TRUNCATE bemi.errors; INSERT INTO document VALUES (1, 'later')});
becomes(q{last_sqlstate = '58P01' AND attempts > 0 AND state IN ('waiting', 'not running')}, 'an error of the system is one of the worker');
append_to_file($node->data_dir . '/later', 'xxxxxxxx');
$node->safe_psql('postgres', q{SELECT bemi.start()});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE "table" = 'document' AND after -> 'file' IS NOT NULL}),
    'which tries again');
is(one_of($node, 'SELECT errors FROM bemi.metrics'), 0, 'and notes nothing');

# Clients get all but what cannot be shown, before the commit too; an error of the system is theirs, and ends no more than what
# they ran.
$node->safe_psql('postgres', q{CREATE TABLE watched (id int PRIMARY KEY, value fragile); CREATE TABLE unreadable (id int PRIMARY KEY, file file)});
create_slot($node, 'client');
$node->safe_psql('postgres', q{INSERT INTO watched VALUES (1, bad()), (2, good())});
is(join(', ', map { join ' ', $_->{primary_key}, sort keys %{ $_->{after} }, map { "without @$_" } $_->{unavailable} // () } receive($node, 'client')),
    '1 id without value, 2 id value', 'a client of the walsender');
$node->safe_psql('postgres', q{INSERT INTO watched SELECT i, bad() FROM generate_series(1001, 3000) AS i});
is(one_of($node, q{SET logical_decoding_work_mem = '64kB'; SET client_min_messages = error;
    SELECT count(*) FILTER (WHERE data::json -> 'unavailable' ->> 0 = 'value' AND data::json ->> 'id' IS NULL) > 1000
    FROM pg_logical_slot_peek_changes('client', NULL, NULL, 'stream', 'on')}), 't', 'one that gets changes before the commit');
$node->safe_psql('postgres', q{INSERT INTO unreadable VALUES (1, 'nowhere')});
my $peek = q{SELECT count(*) FROM pg_logical_slot_peek_changes('client', NULL, NULL, 'include-tables', 'public.unreadable')};
my (undef, $out, $errors) = $node->psql('postgres', "$peek; SELECT 'alive'; BEGIN; $peek; ROLLBACK; SELECT 'still', txid_current_if_assigned() IS NULL", on_error_stop => 0);
is($out, "alive\nstill|t", 'an error of the system, in a transaction or not');
is(() = $errors =~ /ERROR:  could not open file "nowhere"/g, 2, 'is raised');
$node->safe_psql('postgres', q{SELECT pg_drop_replication_slot('client')});

# What a table, an index or jsonb cannot hold. One such value costs its row more, not the batch.
$node->safe_psql('postgres', q{
    TRUNCATE bemi.changes, bemi.errors;
    CREATE TABLE odd (key text PRIMARY KEY, doc json, docs json[], number numeric, value fragile);
    SELECT bemi.track('odd');
});
my $worker = one_of($node, 'SELECT pid FROM bemi.metrics');
my $xids = "SELECT txid_current()";

# The number of transaction ids that storing what the script changes takes, the script's own transaction not counted.
sub xids_to_store {
    my ($script, $count) = @_;
    my $first = one_of($node, $xids);
    $node->safe_psql('postgres', "BEGIN; $script; COMMIT");
    $node->poll_query_until('postgres', qq{SELECT count(*) = $count FROM bemi.changes WHERE "table" = 'odd'})
        or BAIL_OUT('not stored: ' . one_of($node, 'SELECT m FROM bemi.metrics m'));
    return one_of($node, $xids) - $first - 2;
}

cmp_ok(xids_to_store(q{INSERT INTO odd SELECT i, CASE WHEN i % 3000 = 7 THEN '{"a": "\u0000"}' ELSE '{}' END::json FROM generate_series(1, 9000) AS i}, 9000),
    '<', 10, 'a few odd values among thousands: a few transactions');
is(one_of($node, q{SELECT primary_key, after -> 'doc' #>> '{}' FROM bemi.changes WHERE "table" = 'odd' AND jsonb_typeof(after -> 'doc') = 'string' ORDER BY 1}),
    qq(3007|{"a": "\\u0000"}\n6007|{"a": "\\u0000"}\n7|{"a": "\\u0000"}), 'are stored as text');
is(one_of($node, q{SELECT count(*), min(sqlstate), min(stored_as) FROM bemi.errors}), '3|22P05|after."doc" as text', 'and noted');

$node->safe_psql('postgres', q{TRUNCATE bemi.changes, bemi.errors});
cmp_ok(xids_to_store(q{INSERT INTO odd SELECT 'odd' || i, '["\u0000"]' FROM generate_series(1, 2000) AS i}, 2000), '<', 10, 'thousands of odd values: the same');
is(one_of($node, q{SELECT count(*), count(stored_as) FROM bemi.errors}), '2000|2000', 'and all are noted');

$node->safe_psql('postgres', q{TRUNCATE bemi.changes, bemi.errors});
cmp_ok(xids_to_store(q{INSERT INTO odd (key, value) SELECT 'bad' || i, bad() FROM generate_series(1, 2000) AS i}, 2000), '<', 10, 'or of values that cannot be shown');
is(one_of($node, q{SELECT count(*), count(stored_as) FROM bemi.errors}), '2000|2000', 'which are noted too');
is(one_of($node, 'SELECT pid, attempts FROM bemi.metrics'), "$worker|0", 'all by one worker');

$node->safe_psql('postgres', q{TRUNCATE bemi.changes, bemi.errors});
my $deep = '[' x 6000 . ']' x 6000;
xids_to_store(q~
    SET LOCAL bemi.context = '{"who": 1}';
    INSERT INTO odd VALUES ('a', '1e400000', NULL, NULL), ('b', NULL, ARRAY['1', '"\ud800"']::json[], 1), ('c', '"a , }\\\\" ', NULL, NULL);
    UPDATE odd SET doc = '{"x": [1e999999, "}]"]}', docs = '{}' WHERE key = 'a';
    INSERT INTO odd VALUES (repeat('k', 2601)), (repeat('é', 1300));
    INSERT INTO odd VALUES (repeat(md5('x'), 300), '"\u0000"', NULL, ('1' || repeat('0', 100000) || '.5')::numeric);
    DELETE FROM odd WHERE key = repeat('k', 2601)~, 8);
is(one_of($node, q{SELECT sequence, operation, sqlstate, regexp_replace(error, '[0-9]+ bytes', 'n bytes'), stored_as FROM bemi.errors ORDER BY sequence}),
    <<'END' =~ s/\n\z//r, 'what is stored as what');
0|CREATE|22003|value overflows numeric format|after."doc" as text
1|CREATE|22P02|invalid input syntax for type json|after."docs" as text
3|UPDATE|22003|value overflows numeric format|before."doc" as text, after."doc" as text
4|CREATE|54000|primary key of n bytes is too long for an index|primary_key as sha256
6|CREATE|54000|primary key of n bytes is too long for an index|primary_key as sha256, after."doc" as text
7|DELETE|54000|primary key of n bytes is too long for an index|primary_key as sha256
END
is(one_of($node, q{SELECT before ->> 'doc', after ->> 'doc', after -> 'docs', context FROM bemi.changes WHERE operation = 'UPDATE'}),
    '1e400000|{"x": [1e999999, "}]"]}|[]|{"who": 1}', 'text is that of the value');
is(one_of($node, q{SELECT after ->> 'docs', after -> 'number' FROM bemi.changes WHERE primary_key = 'b'}), '[1,"\\ud800"]|1', 'of an array too');
is(one_of($node, q{SELECT after ->> 'doc' FROM bemi.changes WHERE primary_key = 'c'}), 'a , }\\', 'what jsonb can hold is stored as it is');
is(one_of($node, q{SELECT count(*), count(DISTINCT primary_key) FROM bemi.changes
        WHERE primary_key = 'sha256:' || encode(sha256(convert_to(coalesce(after ->> 'key', before ->> 'key'), 'UTF8')), 'hex')}), '3|2', 'a key that is too long is its hash');
is(one_of($node, q{SELECT length(after ->> 'number') FROM bemi.changes WHERE sequence = 6}), 100003, 'a wide number is stored');
is(one_of($node, q{SELECT count(*) FROM bemi.changes WHERE length(primary_key) = 1300}), 1, 'a key that just fits is stored');

# Odd names and wide tables. One level deeper, as a member of the row, JSON may be too deep.
$node->safe_psql('postgres', q~
    TRUNCATE bemi.changes, bemi.errors;
    CREATE TABLE names ("a ""}],{\\" json, "\\"":" json, plain json);
    SELECT bemi.track('names');
    INSERT INTO names VALUES ('"\u0000"', '[{"}":"]"},"\\""]', '1'), ('{"\u0000":1}', ' [ 1e999999 ] ', '"\u0000"')~);
ok($node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM bemi.changes WHERE "table" = 'names'}), 'odd names');
is(one_of($node, q{SELECT string_agg(after::text, ' ' ORDER BY sequence) FROM bemi.changes WHERE "table" = 'names'}), one_of($node, q~
    SELECT string_agg(jsonb_build_object('a "}],{\\', a, '\\":', b, 'plain', c)::text, ' ' ORDER BY n)
    FROM (VALUES (1, to_jsonb('"\u0000"'::text), jsonb '[{"}":"]"},"\\""]', jsonb '1'),
        (2, to_jsonb('{"\u0000":1}'::text), to_jsonb('[ 1e999999 ]'::text), to_jsonb('"\u0000"'::text))) AS v (n, a, b, c)~), 'do not disturb');
my ($columns, $values) = (join(', ', map { "c$_ text" } 1 .. 1599), join(', ', map { "'x'" } 1 .. 1599));
$node->safe_psql('postgres', qq{TRUNCATE bemi.changes, bemi.errors; CREATE TABLE wide (id int PRIMARY KEY, $columns); SELECT bemi.track('wide')});
xids_to_store(qq{INSERT INTO wide VALUES (1, $values); UPDATE wide SET c7 = 'y'; INSERT INTO odd VALUES ('deep', '$deep')}, 1);
is(one_of($node, q{SELECT count(*), min((SELECT count(*) FROM jsonb_object_keys(after))) FROM bemi.changes WHERE "table" = 'wide'}), '2|1600', '1,600 columns');
is(one_of($node, q{SELECT count(*) FROM bemi.changes WHERE primary_key = 'deep' AND regexp_replace(after ->> 'doc', '\s', '', 'g') = (SELECT doc::text FROM odd WHERE key = 'deep')}), 1,
    'a deep value is stored, as what it is or as text');

# An index that somebody made is his to mend: nothing is left out for it.
$node->safe_psql('postgres', q{CREATE INDEX his ON bemi.changes ((after ->> 'doc')); INSERT INTO odd VALUES ('his', (SELECT to_json(string_agg(md5(i::text), '')) FROM generate_series(1, 200) AS i))});
becomes(q{last_sqlstate = '54000' AND last_error ~ 'index' AND attempts > 0}, q{an error of somebody's own index is one of the worker});
$node->safe_psql('postgres', q{DROP INDEX bemi.his; SELECT bemi.start()});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = 'his'}), 'nothing is lost by it');

SKIP: {
    skip 'takes gigabytes of memory: set BEMI_LONG', 5 unless $ENV{BEMI_LONG};
    $node->safe_psql('postgres', q{
        TRUNCATE bemi.changes, bemi.errors;
        CREATE TABLE large (id int PRIMARY KEY, text text, more text);
        SELECT bemi.track('large');
    });
    $worker = one_of($node, 'SELECT pid FROM bemi.metrics');
    $node->safe_psql('postgres', q{
        BEGIN;
        INSERT INTO large VALUES (1, 'a');
        INSERT INTO large VALUES (2, repeat(chr(1), 180000000));
        INSERT INTO large VALUES (3, 'a');
        INSERT INTO large VALUES (4, repeat(chr(1), 180000000));
        INSERT INTO large VALUES (5, repeat('x', 300000000));
        INSERT INTO large VALUES (6, repeat('x', 200000000), repeat('y', 200000000));
        COMMIT;
    });
    ok($node->poll_query_until('postgres', q{SELECT string_agg(primary_key, ' ' ORDER BY sequence) = '1 3 5 6' FROM bemi.changes WHERE "table" = 'large'}),
        'the others of a transaction with changes of more than 1 GB are stored');
    is(one_of($node, q{SELECT string_agg(concat_ws('|', sequence, sqlstate, error), ' ' ORDER BY sequence) FROM bemi.errors WHERE stored_as IS NULL}),
        join(' ', map { "$_|54000|change of table \"public.large\" is larger than 1 GB as JSON" } 1, 3), 'and they are noted');
    is(one_of($node, q{SELECT string_agg(concat_ws('|', sequence, stored_as), ' ' ORDER BY sequence) FROM bemi.errors WHERE stored_as IS NOT NULL}),
        '4|after."text" as sha256 5|after."text" as sha256, after."more" as sha256', 'what is too large for jsonb is its hash');
    is(one_of($node, q{SELECT after ->> 'text' FROM bemi.changes WHERE sequence = 4}),
        one_of($node, q{SELECT 'sha256:' || encode(sha256(convert_to('"' || repeat('x', 300000000) || '"', 'UTF8')), 'hex')}), 'of its text');
    is(one_of($node, 'SELECT pid FROM bemi.metrics'), $worker, 'without another worker');
}

done_testing();
