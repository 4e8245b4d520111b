# The worker stores how tables have looked, which changes moved a primary key, and how far times of commits were out of order,
# each in the transaction that stores the changes.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main');

sub run {
    my ($sql) = @_;
    return $node->safe_psql('postgres', $sql);
}

# The shapes of the table with this OID, as they followed each other.
sub shapes_of {
    my ($relation) = @_;
    return one_of($node, qq{SELECT schema, "table", (SELECT string_agg(concat_ws(' ', c ->> 'number', c ->> 'name', c ->> 'type'), ', ')
            FROM jsonb_array_elements(columns) AS c), key
        FROM bemi.shapes WHERE relation = $relation ORDER BY from_position, from_sequence});
}

sub oid_of {
    my ($relation) = @_;
    return one_of($node, "SELECT '$relation'::regclass::oid");
}

run(q{
    CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(10, 2));
    SELECT bemi.track('item');
    SELECT bemi.start();
});
my $item = oid_of('item');

run(q{
    INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 2);
    CREATE SCHEMA shop;
    CREATE TYPE shop.size AS ENUM ('s', 'l');
    BEGIN;
    UPDATE item SET price = 3 WHERE id = 1;
    ALTER TABLE item RENAME name TO title;
    UPDATE item SET price = 4 WHERE id = 1;
    SAVEPOINT s;
    ALTER TABLE item ADD never int;
    UPDATE item SET never = 1;
    ROLLBACK TO s;
    UPDATE item SET price = 5 WHERE id = 1;
    COMMIT;
    ALTER TABLE item ADD size shop.size, DROP price;
    UPDATE item SET size = 's';
    ALTER TABLE item ALTER title TYPE varchar(9);
    UPDATE item SET size = 'l';
    VACUUM FULL item;
    CLUSTER item USING item_pkey;
    UPDATE item SET size = 's';
    ALTER TABLE item SET SCHEMA shop;
    ALTER TABLE shop.item RENAME TO "Thing";
    UPDATE shop."Thing" SET size = 'l';
    ALTER SCHEMA shop RENAME TO store;
    ALTER TABLE store."Thing" DROP CONSTRAINT item_pkey, ADD PRIMARY KEY (title, id) INCLUDE (size);
    UPDATE store."Thing" SET size = 's';
    SELECT bemi.sync();
});
is(shapes_of($item), <<'END' =~ s/\n\z//r, 'a row for each shape, and none for what was rolled back or changes nothing');
public|item|1 id integer, 2 name text, 3 price numeric(10,2)|{id}
public|item|1 id integer, 2 title text, 3 price numeric(10,2)|{id}
public|item|1 id integer, 2 title text, 4 size shop.size|{id}
public|item|1 id integer, 2 title character varying(9), 4 size shop.size|{id}
shop|item|1 id integer, 2 title character varying(9), 4 size shop.size|{id}
shop|Thing|1 id integer, 2 title character varying(9), 4 size shop.size|{id}
store|Thing|1 id integer, 2 title character varying(9), 4 size store.size|{title,id}
END
is(one_of($node, qq{
    SELECT count(*) FROM bemi.changes c
    WHERE (SELECT array_agg(x ->> 'name' ORDER BY x ->> 'name') FROM (
               SELECT columns FROM bemi.shapes s
               WHERE s.relation = $item AND (s.from_position, s.from_sequence) <= (c.commit_position, c.sequence)
               ORDER BY s.from_position DESC, s.from_sequence DESC LIMIT 1) AS of_change, jsonb_array_elements(columns) AS x)
          IS DISTINCT FROM (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(c.after) AS k)}),
    0, 'each change has the columns of the shape at its place, within its transaction too');

run(q{
    CREATE TABLE part (k int, v text, PRIMARY KEY (k)) PARTITION BY RANGE (k);
    CREATE TABLE part_low PARTITION OF part FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (k);
    CREATE TABLE part_low_1 PARTITION OF part_low FOR VALUES FROM (0) TO (5);
    CREATE TABLE parent (k int);
    CREATE TABLE child () INHERITS (parent);
    SELECT bemi.track('part'), bemi.track('parent');
    INSERT INTO part VALUES (1, 'a');
    INSERT INTO child VALUES (1);
    SELECT bemi.sync();
});
is(one_of($node, q{SELECT "table", root::regclass FROM bemi.shapes WHERE relation IN ('part_low_1'::regclass, 'child'::regclass) ORDER BY 1}),
    "child|child\npart_low_1|part", 'the root of a partition is at the top; a child is its own');
run(q{
    ALTER TABLE part DETACH PARTITION part_low;
    SELECT bemi.track('part_low');
    UPDATE part_low_1 SET v = 'b';
    ALTER TABLE part ATTACH PARTITION part_low FOR VALUES FROM (0) TO (10);
    UPDATE part SET v = 'c';
    SELECT bemi.sync();
});
is(one_of($node, q{SELECT root::regclass FROM bemi.shapes WHERE relation = 'part_low_1'::regclass ORDER BY from_position, from_sequence}),
    "part\npart_low\npart", 'a partition of a partition that is detached and attached has another root meanwhile');

run(q{
    CREATE TABLE two (a numeric, b text, n int, PRIMARY KEY (a, b));
    CREATE TABLE at (day date PRIMARY KEY, n int);
    CREATE TABLE long (k text PRIMARY KEY);
    CREATE TABLE by_key (k int PRIMARY KEY, v text);
    CREATE TABLE no_key (k int);
    SELECT bemi.track(t) FROM unnest('{two, at, long, by_key, no_key}'::regclass[]) AS t;
    ALTER TABLE by_key REPLICA IDENTITY DEFAULT;
    INSERT INTO two VALUES (1.0, 'x', 1);
    UPDATE two SET n = 2;
    UPDATE two SET a = 1.00;
    UPDATE two SET b = E'"y"\n';
    SET DateStyle = 'German';
    INSERT INTO at VALUES ('2.1.2026', 1);
    UPDATE at SET day = '3.1.2026';
    INSERT INTO long VALUES (repeat('ä', 3000));
    UPDATE long SET k = repeat('ö', 3000);
    INSERT INTO by_key VALUES (1, repeat('x', 100000));
    UPDATE by_key SET v = v || '';
    UPDATE by_key SET k = 2;
    INSERT INTO no_key VALUES (1);
    UPDATE no_key SET k = 2;
    INSERT INTO by_key VALUES (7, 'a') ON CONFLICT (k) DO UPDATE SET k = 8;
    INSERT INTO by_key VALUES (7, 'a') ON CONFLICT (k) DO UPDATE SET k = 8;
    SELECT bemi.sync();
});
is(one_of($node, q{
    SELECT m."table", left(m.old_key, 30), left(c.primary_key, 30) FROM bemi.moved_keys m
    JOIN bemi.changes c USING (id, schema, "table", committed_at) ORDER BY c.commit_position}), <<'END' =~ s/\n\z//r, 'an UPDATE that changes the text of the key leaves the old one');
two|[1.0,"x"]|[1.00,"x"]
two|[1.00,"x"]|[1.00,"\"y\"\n"]
at|2026-01-02|2026-01-03
long|sha256:527cb0e0d45cc0cd91ebdca|sha256:0d0c72304faefe67586801a
by_key|1|2
by_key|7|8
END
is(one_of($node, q{SELECT bemi.old_key_of(id, committed_at) FROM bemi.changes WHERE "table" = 'at' AND operation = 'UPDATE'}), '2026-01-02', 'old_key_of()');
is(one_of($node, q{SELECT c.primary_key FROM bemi.moved_from('public', 'at', '2026-01-02') JOIN bemi.changes c USING (id)}), '2026-01-03', 'moved_from()');
is(one_of($node, q{SELECT count(*) FROM bemi.moved_keys m JOIN bemi.changes c USING (id) WHERE m."table" = 'long' AND m.old_key <> (
        SELECT primary_key FROM bemi.changes WHERE "table" = 'long' AND operation = 'CREATE')}), 0, 'a key that is too long is stored as in bemi.changes');

run(q{
    CREATE TABLE bulk (id int PRIMARY KEY, v text);
    SELECT bemi.track('bulk');
    INSERT INTO bulk SELECT g, 'x' FROM generate_series(1, 20000) AS g;
    UPDATE bulk SET id = id + 100000;
    SELECT bemi.sync('60 s');
});
is(one_of($node, q{SELECT count(*), count(DISTINCT old_key), count(*) FILTER (WHERE c.primary_key::int = old_key::int + 100000)
    FROM bemi.moved_keys m JOIN bemi.changes c USING (id) WHERE m."table" = 'bulk'}), '20000|20000|20000', 'keys that move in bulk');

# Concurrent transactions do not commit in the order of their times of commit, by chance. So what the worker has found is compared
# with the changes.
$node->pgbench('--client=8 --transactions=200 --no-vacuum', 0, [qr/processed: 1600/], [qr/^$/], 'concurrent commits',
    { '440_commit' => 'INSERT INTO no_key VALUES (1);' });
run(q{SELECT bemi.sync('60 s')});
is(one_of($node, q{
    SELECT p.max_skew = c.skew, p.latest_commit = c.latest
    FROM bemi.progress p, (
        SELECT max(latest - committed_at) AS skew, max(latest) AS latest FROM (
            SELECT committed_at, max(committed_at) OVER (ORDER BY commit_position, sequence) AS latest FROM bemi.changes) AS x) AS c}),
    't|t', 'bemi.progress.max_skew is how much a commit was earlier than a former one at most');

run('DROP EXTENSION bemi CASCADE');
done_testing();
