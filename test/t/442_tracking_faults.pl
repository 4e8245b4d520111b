# What bemi.tracking, bemi.shapes and bemi.moved_keys have after crashes, in a copy of the database, after dump and restore, and
# with thousands of tables.
use strict;
use warnings;
use Bemi;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', 'log_min_messages = warning', 'restart_after_crash = on', 'max_locks_per_transaction = 1000');
my %faults = faults_of_processes($node);

sub run {
    my ($sql, $database) = @_;
    return $node->safe_psql($database // 'postgres', $sql);
}

# Many tables that were tracked before
run(q{
    CREATE SCHEMA many;
    DO $$ BEGIN FOR i IN 1 .. 2000 LOOP EXECUTE format('CREATE TABLE many.t%s (id int PRIMARY KEY, v text)', i); END LOOP; END $$;
    SELECT bemi.track_schema('many');
    CREATE TABLE item (id int PRIMARY KEY, n int);
    CREATE TABLE part (id int, n int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (1000000);
    SELECT bemi.track('item'), bemi.track('part');
    SELECT bemi.start();
    SELECT bemi.sync('120 s');
});
is(one_of($node, q{SELECT count(*), count(*) FILTER (WHERE to_position IS NULL AND from_position = (SELECT from_position - '0/0' FROM bemi.progress)) FROM bemi.tracking}),
    '2003|2003', 'all tables that were tracked before start() are complete from there on');
is(one_of($node, 'SELECT count(*), count(DISTINCT relation) FROM bemi.shapes'), '2003|2003', 'and have a shape');

# Commands and writes, while processes are killed. The commands count what they have done.
run('CREATE TABLE done (n int)');
my $script = <<'END';
BEGIN; ALTER TABLE item REPLICA IDENTITY DEFAULT; INSERT INTO done VALUES (1); COMMIT;
UPDATE item SET n = n + 1, id = id + 1000 WHERE id IN (SELECT id FROM item ORDER BY id LIMIT 1);
BEGIN; ALTER TABLE item REPLICA IDENTITY FULL; INSERT INTO done VALUES (2); COMMIT;
UPDATE item SET id = id + 1000 WHERE id IN (SELECT id FROM item ORDER BY id LIMIT 1);
BEGIN; ALTER TABLE part ADD extra int; ALTER TABLE part DROP extra; ALTER TABLE part RENAME n TO m; SAVEPOINT s; DROP TABLE part_1; ROLLBACK TO s;
INSERT INTO done VALUES (3); COMMIT;
UPDATE part SET m = m + 1;
BEGIN; ALTER TABLE part RENAME m TO n; INSERT INTO done VALUES (4); COMMIT;
UPDATE part SET n = n + 1;
END
run(q{INSERT INTO item SELECT g, 0 FROM generate_series(1, 900) AS g; INSERT INTO part SELECT g, 0 FROM generate_series(1, 10) AS g});
my $file = $node->basedir . '/script.sql';
PostgreSQL::Test::Utils::append_to_file($file, $script x 15);
for my $fault (qw(worker immediate worker)) {
    my $client = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-f', $file ], '>', \my $out, '2>', \my $err);
    my $before = one_of($node, 'SELECT count(*) FROM done');
    wait_until(sub { (ask($node, 'SELECT count(*) FROM done') // 0) > $before + 5 });
    $faults{$fault}->();
    $client->finish;
    wait_for_server($node);
}
run(q{ALTER TABLE item REPLICA IDENTITY FULL; INSERT INTO done SELECT 2});
run(q{SELECT bemi.start(); SELECT bemi.sync('120 s')});
cmp_ok(one_of($node, 'SELECT count(*) FROM done'), '>', 60, 'commands were run');
my $item = one_of($node, q{SELECT 'item'::regclass::oid});
is(one_of($node, qq{SELECT count(*) - count(to_position), count(*) FILTER (WHERE reason <> 'the replica identity is not FULL') FROM bemi.tracking WHERE relation = $item}),
    '1|0', 'one row is open');
is(one_of($node, qq{
    SELECT count(*) FROM (SELECT to_position, lead(from_position) OVER (ORDER BY from_position) AS next FROM bemi.tracking WHERE relation = $item) AS t
    WHERE next <= to_position OR to_position IS NULL AND next IS NOT NULL}), 0, 'rows follow each other');
is(one_of($node, qq{
    SELECT (SELECT count(*) FROM bemi.tracking WHERE relation = $item) =
        1 + (SELECT count(*) FROM (SELECT n, lead(n) OVER (ORDER BY o) AS next FROM (SELECT n, row_number() OVER (ORDER BY ctid) AS o FROM done WHERE n IN (1, 2)) AS d) AS x
             WHERE n = 1 AND next = 2)}), 't', 'there is one for each time that the identity went away and came back');
is(one_of($node, q{SELECT count(*) FROM bemi.moved_keys m FULL JOIN (
        SELECT id, before ->> 'id' AS old_key FROM bemi.changes
        WHERE operation = 'UPDATE' AND "table" = 'item' AND before ->> 'id' <> after ->> 'id') AS c USING (id, old_key)
    WHERE m.id IS NULL OR c.id IS NULL}), 0, 'no moved key is missing or there twice');
is(one_of($node, q{SELECT count(*) FROM bemi.changes c WHERE c."table" = 'part_1' AND c.after ?| '{m,n}' AND NOT c.after ? (
        SELECT columns -> -1 ->> 'name' FROM bemi.shapes s
        WHERE s.relation = 'part_1'::regclass AND (s.from_position, s.from_sequence) <= (c.commit_position, c.sequence)
        ORDER BY s.from_position DESC, s.from_sequence DESC LIMIT 1)}), 0, 'each change fits the shape at its place');
is(one_of($node, q{SELECT string_agg(coalesce(reason, 'open'), ' ') FROM bemi.tracking WHERE relation = 'part'::regclass}), 'open', 'renaming columns is no break');

# A copy of the database, and a restored dump, have the history of another one. Columns have other numbers there.
run(q{
    ALTER TABLE item DROP n;
    ALTER TABLE item ADD a text;
    UPDATE item SET a = 'x' WHERE id = (SELECT min(id) FROM item);
    ALTER TABLE item RENAME a TO b;
    ALTER TABLE item RENAME TO thing;
    INSERT INTO thing VALUES (5000, 'y');
    SELECT bemi.sync();
});
my $names = q{SELECT string_agg(DISTINCT concat_ws(' ', s."table", (SELECT string_agg(concat(c ->> 'name', c ->> 'number'), ',') FROM jsonb_array_elements(s.columns) AS c)), ' | ')
    FROM bemi.former_shapes_of('thing'::regclass) AS s};
is(one_of($node, $names), '', 'a table that was never elsewhere has no former shapes');
is(one_of($node, q{SELECT string_agg(DISTINCT "table", ' ') FROM bemi.shapes_of('thing'::regclass)}), 'item thing', 'but shapes here');
$node->safe_psql('postgres', 'SELECT bemi.stop()');
$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'bemi worker'});
$node->safe_psql('template1', 'CREATE DATABASE copy TEMPLATE postgres');
is(one_of($node, q{SELECT count(*) FROM bemi.shapes_of('thing'::regclass)}, 'copy'), 0, 'a copy of the database: nothing was tracked in it');
is(one_of($node, $names, 'copy'), 'item id1 | item id1,a3 | item id1,b3 | item id1,n | thing id1,b3', 'its tables are found by name');
run(q{SELECT bemi.start(); UPDATE thing SET b = 'z' WHERE id = 5000; SELECT bemi.sync('60 s'); ALTER TABLE thing RENAME TO named; SELECT bemi.sync('60 s')}, 'copy');
is(one_of($node, $names =~ s/thing/named/r, 'copy'), 'item id1 | item id1,a3 | item id1,b3 | item id1,n | thing id1,b3', 'by the first name, if it has another one now');
is(one_of($node, q{SELECT string_agg("table", ' ' ORDER BY from_position) FROM bemi.shapes_of('named'::regclass)}, 'copy'), 'thing named', 'and has shapes of its own');

my $other = server('other', 'max_locks_per_transaction = 1000');
$other->safe_psql('postgres', 'CREATE DATABASE restored');
$other->safe_psql('restored', 'DROP SCHEMA public');
my $dump = $node->basedir . '/dump.sql';
command_ok([ 'pg_dump', '--dbname', $node->connstr('copy'), '--schema=bemi', '--schema=public', '--extension=bemi', '--file', $dump ], 'pg_dump');
my ($status, $out, $err) = $other->psql('restored', "\\i $dump");
is($err, '', 'and restore');
my $formerly = $names =~ s/thing/named/r;
is(one_of($other, $formerly, 'restored'), 'item id1 | item id1,a2 | item id1,b2 | item id1,n | named id1,b2 | thing id1,b2', 'in a restored dump columns have other numbers than where it comes from');
$other->safe_psql('restored', q{SELECT bemi.start(); UPDATE named SET b = 'w' WHERE id = 5000; SELECT bemi.sync('60 s')});
is(one_of($other, q{SELECT count(*) FROM bemi.shapes_of('named'::regclass)}, 'restored'), 1, 'and the restored table its own shape');
is(one_of($other, q{SELECT count(*) FILTER (WHERE to_position IS NULL), count(*) > 1 FROM bemi.tracking t, bemi.server_and_database() AS here
    WHERE t."table" = 'named' AND t.system_identifier = here.system_identifier}, 'restored'), '1|f', 'the history of the restored table begins where it was stored');
is(one_of($other, $formerly, 'restored'), 'item id1 | item id1,a2 | item id1,b2 | item id1,n | named id1,b2 | thing id1,b2', 'as before');

# The owner of a table spoils what is known of it, and of nothing else.
run(q{CREATE ROLE hostile; GRANT CREATE ON SCHEMA public TO hostile; SELECT bemi.start()});
run(q{
    SET ROLE hostile;
    CREATE TABLE "a""b'c\d" ("x""y'z\w" int PRIMARY KEY, "{" text);
    CREATE DOMAIN public.int4 AS text;
    CREATE FUNCTION public.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS 'SELECT NULL';
    ALTER TABLE "a""b'c\d" ADD e public.int4;
    SELECT bemi.track('"a""b''c\d"');
    CREATE TABLE "partition ""x"": y" (id int);
    SELECT bemi.track('"partition ""x"": y"');
    INSERT INTO "a""b'c\d" VALUES (1, '}', 'x');
    UPDATE "a""b'c\d" SET "x""y'z\w" = 2;
    SELECT bemi.sync('60 s');
});
is(one_of($node, q{SELECT "table", columns -> 0 ->> 'name', columns -> 2 ->> 'type', key FROM bemi.shapes WHERE "table" LIKE 'a"%'}),
    q{a"b'c\d|x"y'z\w|public.int4|{"x\"y'z\\\\w"}}, 'odd names are stored as they are');
is(one_of($node, q{SELECT count(*) FROM bemi.moved_keys WHERE "table" LIKE 'a"%' AND old_key = '1'}), 1, 'in bemi.moved_keys too');
is(one_of($node, q{SELECT count(*) FROM bemi.errors}), 0, 'without an error');

run('DROP EXTENSION bemi CASCADE');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_replication_slots WHERE database = 'postgres'}), 'DROP EXTENSION');
is(run('CREATE TABLE after_all (id int); ALTER TABLE after_all ADD a int; DROP TABLE after_all; SELECT 1'), 1, 'leaves nothing that would fail');
done_testing();
