# bemi.history() and bemi.blame(): what has happened to one row, whatever has become of its key and its table.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('history');

sub run {
    my ($sql) = @_;
    return $node->safe_psql('postgres', $sql);
}

# What is expected stands in the test without the last line break.
sub lines {
    my ($text) = @_;
    return $text =~ s/\n\z//r;
}

sub fails {
    my ($sql, $message, $name) = @_;
    my ($status, $out, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
    like($errors, qr/ERROR:  $message/s, $name);
}

run(q{
    CREATE SCHEMA test;
    CREATE FUNCTION test.history(relation regclass, key text, since timestamptz = NULL, until timestamptz = NULL) RETURNS SETOF text LANGUAGE sql AS
        $$SELECT concat_ws(' ', operation, changed, row_data, nullif(context, '{}')) FROM bemi.history(relation, key, since, until)$$;
    CREATE FUNCTION test.blame(relation regclass, key text) RETURNS SETOF text LANGUAGE sql AS
        $$SELECT concat_ws(' ', column_name, value, operation, (since IS NOT NULL) || '/' || (change IS NOT NULL), context) FROM bemi.blame(relation, key)$$;
    SELECT bemi.start();
});

# One row
run(q{
    CREATE TABLE todo (id int PRIMARY KEY, task text, done boolean);
    INSERT INTO todo VALUES (26, 'old', false);
    SELECT bemi.track('todo');
    INSERT INTO todo VALUES (1, 'Sleep', false) /*Bemi {"user_id": 1} Bemi*/;
    UPDATE todo SET task = 'Nap' WHERE id = 1 /*Bemi {"user_id": 2} Bemi*/;
    BEGIN;
    UPDATE todo SET done = true WHERE id = 1;
    UPDATE todo SET task = 'Wake', done = NULL WHERE id = 1;
    COMMIT;
    DELETE FROM todo WHERE id = 1 /*Bemi {"user_id": 3} Bemi*/;
    INSERT INTO todo VALUES (1, 'again', true);
    UPDATE todo SET done = true WHERE id = 26;
});
is(run(q{SELECT test.history('todo', '1')}), lines(<<'END'), 'a row, its contexts, and its versions within a transaction');
CREATE {"id": [null, 1], "done": [null, false], "task": [null, "Sleep"]} {"id": 1, "done": false, "task": "Sleep"} {"user_id": 1}
UPDATE {"task": ["Sleep", "Nap"]} {"id": 1, "done": false, "task": "Nap"} {"user_id": 2}
UPDATE {"done": [false, true]} {"id": 1, "done": true, "task": "Nap"}
UPDATE {"done": [true, null], "task": ["Nap", "Wake"]} {"id": 1, "done": null, "task": "Wake"}
DELETE {"id": [1, null], "task": ["Wake", null]} {"user_id": 3}
CREATE {"id": [null, 1], "done": [null, true], "task": [null, "again"]} {"id": 1, "done": true, "task": "again"}
END
is(run(q{SELECT test.history('todo', '26')}), lines(<<'END'), 'the state before the first change');
BEFORE {"id": 26, "done": false, "task": "old"}
UPDATE {"done": [false, true]} {"id": 26, "done": true, "task": "old"}
END
is(run(q{
    SELECT string_agg(CASE WHEN isempty(valid) THEN 'empty'
        ELSE (lower(valid) = committed_at)::text || '/' || coalesce((upper(valid) = next)::text, upper(valid)::text, '') END, ' ')
    FROM (SELECT *, lead(committed_at) OVER () AS next FROM bemi.history('todo', 1)) AS h}), 'true/true true/true empty true/true true/true true/', 'when each version was valid');
is(run(q{SELECT lower(valid) IS NULL, upper(valid) = (SELECT max(committed_at) FROM bemi.history('todo', 26)), change, changed, context, committed_at, transaction_id
    FROM bemi.history('todo', 26) LIMIT 1}), 't|t|||||', 'and the first state');
is(run(q{SELECT count(*) = 6, bool_and(c.operation = h.operation AND c.context = h.context AND c.transaction_id = h.transaction_id AND c.committed_at = h.committed_at)
    FROM bemi.history('todo', 1) h JOIN bemi.changes c ON c.id = h.change}), 't|t', 'the columns are those of the change');
is(run(q{SELECT column_name, value, operation, (SELECT c.operation FROM bemi.changes c WHERE c.id = b.change), context FROM bemi.blame('todo', 1) b}),
    "id|1|CREATE|CREATE|{}\ntask|\"again\"|CREATE|CREATE|{}\ndone|true|CREATE|CREATE|{}", 'blame of a row that was created anew');
is(run(q{SELECT test.blame('todo', '26')}), lines(<<'END'), 'blame of a row from before the history');
id 26 BEFORE false/false
task "old" BEFORE false/false
done true UPDATE true/true {}
END
run(q{DELETE FROM todo WHERE id = 26 /*Bemi {"user_id": 4} Bemi*/});
is(run(q{SELECT DISTINCT value, operation, context FROM bemi.blame('todo', 26)}), '|DELETE|{"user_id": 4}', 'blame of a deleted row');

# A part of it
run(q{CREATE TABLE test.times AS SELECT row_number() OVER (ORDER BY committed_at) AS n, committed_at AS at
    FROM (SELECT DISTINCT committed_at FROM bemi.history('todo', 1)) AS t});
is(run(q{SELECT test.history('todo', '1', (SELECT at FROM test.times WHERE n = 2), (SELECT at FROM test.times WHERE n = 4))}), lines(<<'END'), 'since and until');
BEFORE {"id": 1, "done": false, "task": "Sleep"}
UPDATE {"task": ["Sleep", "Nap"]} {"id": 1, "done": false, "task": "Nap"} {"user_id": 2}
UPDATE {"done": [false, true]} {"id": 1, "done": true, "task": "Nap"}
UPDATE {"done": [true, null], "task": ["Nap", "Wake"]} {"id": 1, "done": null, "task": "Wake"}
DELETE {"id": [1, null], "task": ["Wake", null]} {"user_id": 3}
END
is(run(q{SELECT min(lower(valid)) = (SELECT at FROM test.times WHERE n = 1), max(upper(valid)) = (SELECT at FROM test.times WHERE n = 5)
    FROM bemi.history('todo', 1, since => (SELECT at FROM test.times WHERE n = 2), until => (SELECT at FROM test.times WHERE n = 4))}), 't|t',
    'versions are valid as long as without these');
is(run(q{SELECT count(*) FROM bemi.history('todo', 1, since => now())}), 0, 'none since now');
is(run(q{SELECT count(*) FROM bemi.history('todo', 1, until => 'infinity')}), 6, 'all until infinity');

# Keys of all kinds
run(q{
    CREATE TABLE price (id numeric(10, 2) PRIMARY KEY, v int);
    CREATE TABLE ratio (id numeric PRIMARY KEY);
    CREATE TABLE big (id bigint PRIMARY KEY);
    CREATE TABLE thing (id uuid PRIMARY KEY);
    CREATE TABLE pair (a int, b text, v int, PRIMARY KEY (b, a));
    CREATE TABLE "o'""; DROP TABLE todo; --" ("k'""; DROP" text PRIMARY KEY, "v$1" int);
    SELECT bemi.track('price'), bemi.track('ratio'), bemi.track('big'), bemi.track('thing'), bemi.track('pair'), bemi.track('"o''""; DROP TABLE todo; --"');
    INSERT INTO price VALUES (1.5);
    INSERT INTO ratio VALUES (1.50);
    INSERT INTO big VALUES (9223372036854775807), (26);
    INSERT INTO thing VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
    INSERT INTO pair VALUES (7, 'x "y"', 1), (7, 'z', 1);
    UPDATE pair SET v = 2 WHERE b = 'z';
    INSERT INTO "o'""; DROP TABLE todo; --" VALUES ($$'; DROP TABLE todo; --$$, 1);
});
my %found = (
    q{'price', 1.5} => 1, q{'price', 1.50} => 1, q{'price', '1.50'} => 1, q{'price', '1.5'} => 0, q{'price', 1.504} => 1, q{'price', 2} => 0,
    q{'ratio', 1.50} => 1, q{'ratio', 1.5} => 0, q{'big', 9223372036854775807} => 1, q{'big', 26} => 1, q{'big', 26::smallint} => 1, q{'big', 26.0} => 1, q{'big', 26.5} => 0,
    q{'thing', 'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid} => 1, q{'thing', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'} => 1,
    q{'pair', bemi.key('x "y"', 7)} => 1, q{'pair', bemi.key('z', 7)} => 2, q{'pair', bemi.key(7, 'z')} => 0, q{'todo', 'never'} => 0,
    q{'"o''""; DROP TABLE todo; --"', '''; DROP TABLE todo; --'} => 1, q{'todo', NULL} => 0, q{NULL, '1'} => 0, q{'big', NULL::numeric} => 0,
);
for my $function ('history', 'blame') {
    my @found = split /\n/, run(join ";\n", map { "SELECT count(DISTINCT change) FROM bemi.$function($_)" } sort keys %found);
    is(shift @found, $found{$_}, "$function of a key: $_") for sort keys %found;
}

# What has no history by key
run(q{
    CREATE VIEW shown AS SELECT * FROM todo;
    CREATE TABLE untracked (id int PRIMARY KEY);
    CREATE TABLE keyless (v int);
    SELECT bemi.track('keyless');
    INSERT INTO keyless VALUES (1);
});
for my $function ('history', 'blame') {
    fails("SELECT * FROM bemi.$function('shown', 1)", '42809: "shown" is not a table', "$function of a view");
    fails("SELECT * FROM bemi.$function('todo_pkey', '1')", '42809: "todo_pkey" is not a table', "$function of an index");
    fails("SELECT * FROM bemi.$function('pg_class', '1')", '55000: table "pg_class" is not tracked', "$function of a system table");
    fails("SELECT * FROM bemi.$function('untracked', 1)", q{55000: table "untracked" is not tracked.*HINT:  Call bemi.track\('public.untracked'\)}, "$function of a table that is not tracked");
    fails("SELECT * FROM bemi.$function('keyless', 1)", q{55000: table "keyless" has no primary key.*HINT:  Search bemi.changes}, "$function of a table without a key");
}
fails(q{SELECT * FROM bemi.history('todo', 1, since => now(), until => 'yesterday')}, '22023: .* is after ', 'since is after until');
run(q{SELECT bemi.track('untracked')});
is(run(q{SELECT count(*) FROM bemi.history('untracked', 1)}), 0, 'tracked, and nothing has happened');
run(q{SELECT bemi.untrack('todo')});
is(run(q{SELECT count(*) FROM bemi.history('todo', 1)}), 6, 'no longer tracked');
run(q{SELECT bemi.track('todo')});

# Rows whose key moves
run(q{
    CREATE TABLE moving (id int PRIMARY KEY, v text);
    SELECT bemi.track('moving');
    INSERT INTO moving VALUES (1, 'a');
    UPDATE moving SET id = 2 WHERE id = 1;
    UPDATE moving SET id = 3, v = 'b' WHERE id = 2;
    INSERT INTO moving VALUES (1, 'other');
    UPDATE moving SET id = 4 WHERE id = 3;
    INSERT INTO moving VALUES (9, 'gone');
    DELETE FROM moving WHERE id = 9;
    UPDATE moving SET id = 9 WHERE id = 4;
    UPDATE moving SET id = 2 WHERE id = 9;
});
my $chain = lines(<<'END');
CREATE {"v": [null, "a"], "id": [null, 1]} {"v": "a", "id": 1}
UPDATE {"id": [1, 2]} {"v": "a", "id": 2}
UPDATE {"v": ["a", "b"], "id": [2, 3]} {"v": "b", "id": 3}
UPDATE {"id": [3, 4]} {"v": "b", "id": 4}
UPDATE {"id": [4, 9]} {"v": "b", "id": 9}
UPDATE {"id": [9, 2]} {"v": "b", "id": 2}
END
is(run("SELECT test.history('moving', '$_')"), $chain, "a row that had the key $_") for 2, 3, 4, 9;
is(run(q{SELECT test.history('moving', '1')}), 'CREATE {"v": [null, "other"], "id": [null, 1]} {"v": "other", "id": 1}', 'its first key is that of another row now');
is(run(q{SELECT test.blame('moving', '2')}), "id 2 UPDATE true/true {}\nv \"b\" UPDATE true/true {}", 'blame follows it too');

# Random moves: which rows are one is counted along.
my (%row, %last, @rows, @script);
srand(my $seed = $ENV{BEMI_SEED} // time);
for my $n (1 .. 300) {
    my $key = int(rand 8) + 1;
    my $to = int(rand 8) + 1;
    my $line = $last{$key};
    if (!exists $row{$key}) {
        # What was deleted here goes on; else another row begins.
        $last{$key} = $line = [] if !$line || $line->[0] ne $key;
        push @rows, $line if !@$line;
        $line->[0] = $key;
        $row{$key} = 1;
        push @script, "INSERT INTO walk VALUES ($key, $n)";
    } elsif (rand() < 0.3 && !exists $row{$to}) {
        $last{$to} = $line;
        $line->[0] = $to;
        $row{$to} = delete $row{$key};
        push @script, "UPDATE walk SET id = $to, n = $n WHERE id = $key";
    } elsif (rand() < 0.3) {
        delete $row{$key};
        push @script, "DELETE FROM walk WHERE id = $key";
        push @$line, 'gone';
        next;
    } else {
        push @script, "UPDATE walk SET n = $n WHERE id = $key";
    }
    push @$line, $n;
    @script[-2, -1] = ("BEGIN; $script[-2]", "$script[-1]; COMMIT") if @script > 1 && rand() < 0.2 && "@script[-2,-1]" !~ /BEGIN|COMMIT/;
}
run('CREATE TABLE walk (id int PRIMARY KEY, n int); SELECT bemi.track(\'walk\')');
run(join ";\n", @script);
for my $key (sort keys %last) {
    my ($place, @expected) = @{ $last{$key} };
    is(run("SELECT string_agg(coalesce(row_data->>'n', 'gone'), ' ') FROM bemi.history('walk', $key)"), "@expected",
        "the row that had key $key last, and has $place now (BEMI_SEED=$seed)");
}

# Many at once
run(q{
    CREATE TABLE shifted (id int PRIMARY KEY, v int);
    SELECT bemi.track('shifted');
    INSERT INTO shifted SELECT i, i FROM generate_series(1, 3000) AS i;
    UPDATE shifted SET id = id + 10000;
});
is(run(q{SELECT string_agg(operation || ' ' || (row_data->>'id'), ', ') FROM bemi.history('shifted', 7)}), 'CREATE 7, UPDATE 10007', 'an UPDATE that moves all keys');

# Tables and columns that were renamed
run(q{
    CREATE TABLE first (id int PRIMARY KEY, a text, b text);
    SELECT bemi.track('first');
    INSERT INTO first VALUES (1, 'a1', 'b1') /*Bemi {"n": 1} Bemi*/;
    ALTER TABLE first RENAME TO second;
    CREATE SCHEMA elsewhere;
    ALTER TABLE second SET SCHEMA elsewhere;
    CREATE TABLE first (id int PRIMARY KEY, x int);
    SELECT bemi.track('first');
    INSERT INTO first VALUES (1, 10);
    UPDATE elsewhere.second SET a = 'a2' /*Bemi {"n": 2} Bemi*/;
    ALTER TABLE elsewhere.second RENAME a TO c;
    ALTER TABLE elsewhere.second RENAME b TO a;
    ALTER TABLE elsewhere.second ADD d int DEFAULT 5, ADD e int;
    UPDATE elsewhere.second SET a = 'b2' /*Bemi {"n": 3} Bemi*/;
    UPDATE first SET x = 11;
});
is(run(q{SELECT test.history('elsewhere.second', '1')}), lines(<<'END'), 'a table with former names; columns have the names of their time');
CREATE {"a": [null, "a1"], "b": [null, "b1"], "id": [null, 1]} {"a": "a1", "b": "b1", "id": 1} {"n": 1}
UPDATE {"a": ["a1", "a2"]} {"a": "a2", "b": "b1", "id": 1} {"n": 2}
UPDATE {"a": ["b1", "b2"]} {"a": "b2", "c": "a2", "d": 5, "e": null, "id": 1} {"n": 3}
END
is(run(q{SELECT test.history('first', '1')}), lines(<<'END'), 'the table that has its name now');
CREATE {"x": [null, 10], "id": [null, 1]} {"x": 10, "id": 1}
UPDATE {"x": [10, 11]} {"x": 11, "id": 1}
END
is(run(q{SELECT test.blame('elsewhere.second', '1')}), lines(<<'END'), 'blame is of the present columns, and follows them');
id 1 CREATE true/true {"n": 1}
c "a2" UPDATE true/true {"n": 2}
a "b2" UPDATE true/true {"n": 3}
d 5 BEFORE false/false
e null BEFORE false/false
END
run(q{ALTER TABLE elsewhere.second ADD f int DEFAULT 1, DROP c});
is(run(q{SELECT test.blame('elsewhere.second', '1')}), lines(<<'END'), 'a column that is in no change yet, and one that is gone');
id 1 CREATE true/true {"n": 1}
a "b2" UPDATE true/true {"n": 3}
d 5 BEFORE false/false
e null BEFORE false/false
f false/false
END

# Another primary key
run(q{
    CREATE TABLE rekeyed (a int PRIMARY KEY, b int NOT NULL, v int);
    SELECT bemi.track('rekeyed');
    INSERT INTO rekeyed VALUES (1, 2, 0), (2, 1, 0);
    ALTER TABLE rekeyed DROP CONSTRAINT rekeyed_pkey, ADD PRIMARY KEY (b);
    UPDATE rekeyed SET v = 1;
});
my ($status, $out, $notice) = $node->psql('postgres', q{SELECT row_data->>'a' FROM bemi.history('rekeyed', 1)});
is($out, "2\n2", 'the text of the former key says nothing about this one');
like($notice, qr/NOTICE:  changes of table "rekeyed" from before it got its primary key are not shown/, 'which is said');

# Partitions
run(q{
    CREATE TABLE event (id int, day int, v int, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
    CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (1) TO (10);
    CREATE TABLE event_2 (v int, id int NOT NULL, day int NOT NULL);
    ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES FROM (10) TO (20);
    SELECT bemi.track('event');
    INSERT INTO event VALUES (1, 1, 0), (1, 11, 0), (2, 12, 0);
    UPDATE event SET v = 1;
    ALTER TABLE event_2 RENAME TO second_event;
    UPDATE event SET v = 2;
    TRUNCATE event_1;
    UPDATE event SET day = 5 WHERE id = 1;
});
is(run(q{SELECT string_agg(operation || coalesce((row_data->>'v')::text, ''), ' ') FROM bemi.history('event', bemi.key(1, 1))}), 'CREATE0 UPDATE1 UPDATE2 TRUNCATE',
    'a row of a partition that was truncated');
is(run(q{SELECT string_agg(operation || coalesce((row_data->>'v')::text, ''), ' ') FROM bemi.history('event', bemi.key(11, 1))}), 'CREATE0 UPDATE1 UPDATE2 DELETE',
    'one of a partition that was renamed, and which has moved to another one');
is(run(q{SELECT string_agg(operation || coalesce((row_data->>'v')::text, ''), ' ') FROM bemi.history('event_1', bemi.key(5, 1))}), 'CREATE2', 'a partition by itself');
is(run(q{SELECT count(*) FROM bemi.history('event_1', bemi.key(11, 1))}), 0, 'has no rows of others');
is(run(q{SELECT column_name, value, operation FROM bemi.blame('second_event', bemi.key(11, 1))}), "v||DELETE\nid||DELETE\nday||DELETE", 'blame has the columns of the partition in its order');
run('DROP TABLE second_event');
is(run(q{SELECT string_agg(operation || coalesce((row_data->>'v')::text, ''), ' ') FROM bemi.history('event', bemi.key(12, 2))}), 'CREATE0 UPDATE1 UPDATE2 DROP',
    'one of a partition that was dropped');
is(run(q{SELECT changed->>'v', change, context, committed_at IS NOT NULL FROM bemi.history('event', bemi.key(12, 2)) WHERE operation = 'DROP'}), '[2, null]|||t',
    'which is no change that bemi.changes has');

# TRUNCATE
run(q{
    CREATE TABLE emptied (id int PRIMARY KEY, v int);
    INSERT INTO emptied VALUES (3, 0);
    SELECT bemi.track('emptied');
    INSERT INTO emptied VALUES (1, 0);
    INSERT INTO emptied VALUES (2, 0);
    DELETE FROM emptied WHERE id = 2;
    TRUNCATE emptied /*Bemi {"user_id": 9} Bemi*/;
    TRUNCATE emptied;
    INSERT INTO emptied VALUES (1, 1), (2, 1), (3, 1);
});
is(run(q{SELECT test.history('emptied', '1')}), lines(<<'END'), 'a row that was there');
CREATE {"v": [null, 0], "id": [null, 1]} {"v": 0, "id": 1}
TRUNCATE {"v": [0, null], "id": [1, null]} {"user_id": 9}
CREATE {"v": [null, 1], "id": [null, 1]} {"v": 1, "id": 1}
END
is(run("SELECT string_agg(operation, ' ') FROM bemi.history('emptied', $_->[0])"), $_->[1], "and one $_->[2]")
    for [ 2, 'CREATE DELETE CREATE', 'that was not' ], [ 3, 'CREATE', 'of which that is not known' ];

# Values that are not known, and states that no change has led to
run(q{
    CREATE TABLE document (id int PRIMARY KEY, body text, v int);
    ALTER TABLE document ALTER body SET STORAGE EXTERNAL;
    SELECT bemi.track('document');
    INSERT INTO document VALUES (1, repeat('x', 10000), 0);
    ALTER TABLE document REPLICA IDENTITY DEFAULT;
    UPDATE document SET v = 1;
});
is(run(q{SELECT string_agg(concat_ws(' ', operation, (SELECT string_agg(k, ',' ORDER BY k) FROM jsonb_object_keys(changed) AS k)), '; ') FROM bemi.history('document', 1)}),
    'CREATE body,id,v; UPDATE', 'an UPDATE without the old row says nothing of what has changed');
run(q{
    CREATE TABLE based (id int PRIMARY KEY, v int);
    SELECT bemi.track('based');
    INSERT INTO based VALUES (1, 5);
    SELECT bemi.sync();
    UPDATE bemi.changes SET operation = 'BASELINE' WHERE "table" = 'based';
    UPDATE based SET v = 6;
});
is(run(q{SELECT test.history('based', '1')}), qq{BASELINE {} {"v": 5, "id": 1}\nUPDATE {"v": [5, 6]} {"v": 6, "id": 1}}, 'a baseline is a state, and no change');
is(run(q{SELECT test.blame('based', '1')}), "id 1 BEFORE false/false\nv 6 UPDATE true/true {}", 'which nobody is blamed for');
run(q{
    CREATE TABLE interrupted (id int PRIMARY KEY, a int, b int);
    SELECT bemi.track('interrupted');
    INSERT INTO interrupted VALUES (1, 0, 0);
    SELECT bemi.sync();
    SELECT bemi.untrack('interrupted');
    UPDATE interrupted SET b = 1;
    SELECT bemi.track('interrupted');
    UPDATE interrupted SET a = 1;
});
is(run(q{SELECT test.history('interrupted', '1')}), lines(<<'END'), 'after a time in which it was not tracked there is a state before the next change');
CREATE {"a": [null, 0], "b": [null, 0], "id": [null, 1]} {"a": 0, "b": 0, "id": 1}
BEFORE {"a": 0, "b": 1, "id": 1}
UPDATE {"a": [0, 1]} {"a": 1, "b": 1, "id": 1}
END
is(run(q{
    SELECT string_agg(concat_ws('/', lower(h.valid) = h.committed_at, lower(h.valid) = b.from_time, upper(h.valid) = e.to_time, upper(h.valid) = n.at), ' ')
    FROM bemi.history('interrupted', 1) h, bemi.tracking e, bemi.tracking b, (SELECT max(committed_at) AS at FROM bemi.history('interrupted', 1)) n
    WHERE e.relation = 'interrupted'::regclass AND e.to_time IS NOT NULL AND b.relation = e.relation AND b.to_time IS NULL}),
    't/f/t/f t/f/t t/f', 'and no version is valid in that time');
is(run(q{SELECT test.blame('interrupted', '1')}), "id 1 CREATE true/true {}\na 1 UPDATE true/true {}\nb 1 BEFORE false/false", 'nobody is blamed for what happened while a table was not tracked');

# Rights
run(q{
    CREATE ROLE reader;
    GRANT SELECT ON todo, moving, bemi.changes TO reader;
    CREATE ROLE nobody;
});
is(run(q{SET ROLE reader; SELECT count(*) FROM bemi.history('moving', 2)}), 6, 'a role that may read the table and bemi.changes, with keys that moved');
is(run(q{SET ROLE reader; SELECT count(*) FROM bemi.blame('todo', 1)}), 3, 'which may blame');
fails(q{SET ROLE nobody; SELECT * FROM bemi.history('todo', 1)}, '42501: permission denied for table changes', 'one that may not');
fails(q{SET ROLE reader; SELECT * FROM bemi.moves_of(NULL, '1')}, '42501: permission denied', 'what runs as the owner');
run(q{
    ALTER TABLE bemi.changes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY updates ON bemi.changes TO reader USING (operation = 'UPDATE');
});
is(run(q{SET ROLE reader; SELECT string_agg(operation, ' ') FROM bemi.history('todo', 1)}), 'BEFORE UPDATE UPDATE UPDATE', 'row level security of bemi.changes');
run(q{DROP POLICY updates ON bemi.changes; ALTER TABLE bemi.changes DISABLE ROW LEVEL SECURITY});

# The time of the transaction's snapshot
run(q{CREATE TABLE seen (id int PRIMARY KEY, v int); SELECT bemi.track('seen'); INSERT INTO seen VALUES (1, 0); SELECT bemi.sync()});
my $psql = "\\! psql -X -q -d '" . $node->connstr('postgres') . "' -c";
is(run(qq{
    BEGIN ISOLATION LEVEL REPEATABLE READ;
    SELECT FROM seen;
    $psql 'UPDATE seen SET v = 1'
    SELECT count(*) FROM bemi.history('seen', 1);
    COMMIT;
    SELECT count(*) FROM bemi.history('seen', 1);
}), "1\n2", 'REPEATABLE READ shows what the transaction sees');
run('SELECT bemi.stop()');
status_becomes($node, 'pid IS NULL', 'the worker has stopped');
is(run(qq{
    UPDATE seen SET v = 2;
    BEGIN ISOLATION LEVEL REPEATABLE READ;
    SELECT FROM seen;
    $psql 'SELECT bemi.start()' >/dev/null
    $psql 'UPDATE seen SET v = 3'
    SELECT string_agg(row_data->>'v', ' ') FROM bemi.history('seen', 1);
    COMMIT;
}), '0 1 2', 'and all of it, be it stored later');
is(run(q{BEGIN; UPDATE seen SET v = 4; SELECT count(*) FROM bemi.history('seen', 1); COMMIT}), 4, 'not what the own transaction has not committed');

# A restored history goes on: the table is known by its name.
run('CREATE DATABASE restored');
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '--file', $dump, $node->connstr('postgres') ], 'it is dumped');
$node->command_ok([ 'psql', '-q', '-X', '-v', 'ON_ERROR_STOP=1', '-o', $node->basedir . '/output', '-f', $dump, $node->connstr('restored') ], 'and restored');
$node->safe_psql('restored', q{SELECT bemi.start(); SELECT bemi.sync(); ALTER TABLE todo RENAME task TO title; UPDATE todo SET title = 'there' WHERE id = 1});
is($node->safe_psql('restored', q{SELECT string_agg(operation, ' ') FROM bemi.history('todo', 1)}), 'CREATE UPDATE UPDATE UPDATE DELETE CREATE UPDATE', 'a restored history goes on');
is($node->safe_psql('restored', q{SELECT count(*) FROM bemi.history('moving', 2)}), 6, 'moved keys too');
is($node->safe_psql('restored', q{SELECT column_name, operation FROM bemi.blame('todo', 1)}), "id|CREATE\ntitle|UPDATE\ndone|CREATE", 'and blame');
$node->safe_psql('restored', 'SELECT bemi.stop(drop_slot => true)');

# Plans: what a key has is found by the index, and nothing else is read or sorted.
my $count = $ENV{BEMI_LONG} ? 1_000_000 : 100_000;
run(qq{
    SELECT bemi.sync();
    INSERT INTO bemi.changes
    SELECT gen_random_uuid(), 'postgres', 'public', 'seen', i % ($count / 10), 'UPDATE', jsonb_build_object('id', i % ($count / 10), 'v', i),
        jsonb_build_object('id', i % ($count / 10), 'v', i + 1), '{}', c.committed_at, now(), now(), c.transaction_id, c.position + i, c.commit_position, i
    FROM generate_series(1, $count) AS i, (SELECT * FROM bemi.changes WHERE "table" = 'seen' ORDER BY commit_position DESC LIMIT 1) AS c;
});
my $month = run(q{SELECT relname FROM pg_class WHERE oid = (SELECT tableoid FROM bemi.changes LIMIT 1)});
for my $when ('before', 'after') {
    run('ANALYZE bemi.changes') if $when eq 'after';
    for my $call (q{history('seen', 77)}, q{blame('seen', 77)}, q{history('moving', 2)}) {
        my (undef, undef, $plans) = $node->psql('postgres', qq{
            LOAD 'auto_explain';
            SET auto_explain.log_min_duration = 0;
            SET auto_explain.log_nested_statements = on;
            SET auto_explain.log_analyze = on;
            SET auto_explain.log_timing = off;
            SET auto_explain.log_level = notice;
            SELECT count(*) FROM bemi.$call;
        });
        my @large = grep { $_ > 100 } $plans =~ /actual rows=(\d+)/g;
        ok($plans =~ /using \Q$month\E_table_primary_key_committed_at_idx|on \Q$month\E_table_primary_key_committed_at_idx/
                && $plans !~ /Seq Scan on \Q$month\E/ && !@large, "plans of $call $when ANALYZE") or diag($plans);
    }
}

# Without a worker, what is stored can be read; so it can on a standby.
run('SELECT bemi.sync()');
my $until = run(q{SELECT max(committed_at) - interval '1 s' FROM bemi.changes});
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
run('SELECT bemi.stop()');
status_becomes($node, 'pid IS NULL', 'there is no worker');
fails(q{SELECT * FROM bemi.history('todo', 1)}, '55000: no worker stores changes.*HINT:  Call bemi.start\(\)', 'history needs one');
fails(q{SELECT * FROM bemi.blame('todo', 1)}, '55000: no worker stores changes.*HINT:  Call bemi.start\(\)', 'blame too');
is(run(qq{SELECT count(*) FROM bemi.history('todo', 1, until => '$until')}), 6, 'unless what is wanted is stored');
$node->wait_for_catchup('standby', 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', q{SELECT count(*) FROM bemi.history('moving', 2)}), 6, 'a standby has what it has replayed');
is($standby->safe_psql('postgres', q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM bemi.blame('todo', 1)}), 3, 'in any transaction');

done_testing();
