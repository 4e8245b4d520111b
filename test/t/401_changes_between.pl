# bemi.changes_between() is the difference between a table at two moments, by key.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('between');

sub run {
    my ($sql) = @_;
    return $node->safe_psql('postgres', $sql);
}

# A moment between what was committed before and what comes after.
sub now {
    return run('SELECT clock_timestamp() FROM pg_sleep(0.002)');
}

sub between {
    my ($table, $since, $until) = @_;
    $until = defined $until ? ", '$until'" : '';
    return run(qq{SELECT concat_ws(' ', key, operation, changed, cardinality(changes), (SELECT string_agg(c->>'n', ',') FROM unnest(contexts) AS c))
        FROM bemi.changes_between('$table', '$since'$until)});
}

sub fails {
    my ($call, $message, $name) = @_;
    my ($status, $out, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT * FROM bemi.changes_between($call)");
    like($errors, qr/ERROR:  $message/, $name);
}

run(q{
    CREATE TABLE item (id int PRIMARY KEY, name text, price int);
    SELECT bemi.track('item');
    SELECT bemi.start();
    SELECT bemi.sync();
    INSERT INTO item SELECT i, 'name ' || i, i FROM generate_series(1, 9) AS i;
    SELECT bemi.sync();
});
my $begin = now();
run(q{
    UPDATE item SET price = 20 WHERE id = 2 /*Bemi {"n": 1} Bemi*/;
    UPDATE item SET price = 30 WHERE id = 3;
    UPDATE item SET price = 3 WHERE id = 3;
    UPDATE item SET price = 22, name = 'two' WHERE id = 2 /*Bemi {"n": 2} Bemi*/;
    DELETE FROM item WHERE id = 4;
    INSERT INTO item VALUES (10, 'new', 10), (11, 'short', 11);
    DELETE FROM item WHERE id = 11;
    DELETE FROM item WHERE id = 5;
    INSERT INTO item VALUES (5, 'name 5', 5);
    UPDATE item SET id = 12 WHERE id = 6 /*Bemi {"n": 3} Bemi*/;
    BEGIN;
    UPDATE item SET id = -7 WHERE id = 7;
    UPDATE item SET id = 7 WHERE id = 8;
    UPDATE item SET id = 8 WHERE id = -7;
    COMMIT;
});
my $middle = now();
is(between('item', $begin), <<'END' =~ s/\n\z//r, 'the net effect');
10 CREATE {"id": [null, 10], "name": [null, "new"], "price": [null, 10]} 1
12 CREATE {"id": [null, 12], "name": [null, "name 6"], "price": [null, 6]} 1 3
2 UPDATE {"name": ["name 2", "two"], "price": [2, 22]} 2 1,2
4 DELETE {"id": [4, null], "name": ["name 4", null], "price": [4, null]} 1
6 DELETE {"id": [6, null], "name": ["name 6", null], "price": [6, null]} 1 3
7 UPDATE {"name": ["name 7", "name 8"], "price": [7, 8]} 2
8 UPDATE {"name": ["name 8", "name 7"], "price": [8, 7]} 2
END
is(between('item', $middle), '', 'nothing since');
is(between('item', $begin, $begin), '', 'no time at all');

# Columns have the names of now.
run(q{
    ALTER TABLE item RENAME name TO title;
    ALTER TABLE item ADD size int DEFAULT 1;
    UPDATE item SET title = 'three' WHERE id = 3;
});
is(run("SELECT count(*) FROM bemi.changes_between('item', '$begin', '$middle') WHERE before ? 'name' OR after ? 'name'"), 0, 'columns have their present names');

# Against the truth, with all that can happen to a row
srand(my $seed = $ENV{BEMI_SEED} // time);
my @moments = now();
for my $round (1 .. 6) {
    my @sql;
    for (1 .. 60) {
        my ($id, $other, $value) = map { int rand 30 } 1 .. 3;
        push @sql, (
            "INSERT INTO item VALUES ($id, 'n$value', $value) ON CONFLICT (id) DO UPDATE SET price = $value",
            "UPDATE item SET price = $value WHERE id = $id",
            "DELETE FROM item WHERE id = $id",
            "UPDATE item SET id = $other WHERE id = $id AND NOT EXISTS (SELECT FROM item WHERE id = $other)",
        )[ rand 4 ];
    }
    run(join ";\n", map { rand() < 0.3 ? "BEGIN; $_; " . $sql[ rand @sql ] . '; COMMIT' : $_ } @sql);
    push @moments, now();
}
run('SELECT bemi.sync()');
my ($rows, $wrong) = (0, '');
for my $first (0 .. $#moments - 1) {
    for my $last ($first + 1 .. $#moments) {
        my ($since, $until) = @moments[ $first, $last ];
        my ($count, $differences) = split /\|/, run(qq{
            SELECT count(d.key), count(*) FILTER (WHERE (d.key, d.operation, d.before, d.after) IS DISTINCT FROM (t.key, t.operation, t.before, t.after))
            FROM bemi.changes_between('item', '$since', '$until') d
            FULL JOIN (
                SELECT key, CASE WHEN b.row_data IS NULL THEN 'CREATE' WHEN a.row_data IS NULL THEN 'DELETE' ELSE 'UPDATE' END AS operation,
                       b.row_data AS before, a.row_data AS after
                FROM bemi.rows_as_of('item'::regclass, at => '$since') b FULL JOIN bemi.rows_as_of('item'::regclass, at => '$until') a USING (key)
                WHERE b.row_data IS DISTINCT FROM a.row_data
            ) AS t USING (key)});
        $rows += $count;
        $wrong .= " $first-$last: $differences" if $differences;
    }
}
is($wrong, '', "as the table was at both moments (BEMI_SEED=$seed)");
cmp_ok($rows, '>', 100, "$rows differences");

# What cannot be answered
fails(q{NULL, now()}, '22004: "relation" must not be null', 'no relation');
fails(q{'item', NULL}, '22004: "since" must not be null', 'since is null');
fails(q{'item', now(), NULL}, '22004: "until" must not be null', 'until is null');
fails(q{'item', now(), now() - interval '1 s'}, '22023: .* is after ', 'since is after until');
fails(q{'item', now(), now() + interval '1 h'}, '22023: moment .* is in the future', 'the future');
fails(q{'item', '2000-01-01'}, '22023: history of table "item" begins at', 'before the history begins');
run(q{CREATE VIEW shown AS SELECT 1; CREATE TABLE untracked (id int PRIMARY KEY)});
fails(q{'shown', now()}, '42809: "shown" is not a table', 'a view');
fails(q{'untracked', now()}, '55000: table "untracked" is not tracked', 'a table that is not tracked');

# REPEATABLE READ
my $psql = "\\! psql -X -q -d '" . $node->connstr('postgres') . "' -c";
my $last = now();
is(run(qq{
    BEGIN ISOLATION LEVEL REPEATABLE READ;
    SELECT FROM item;
    $psql 'UPDATE item SET price = 1000'
    SELECT count(*) FROM bemi.changes_between('item', '$last', clock_timestamp());
    COMMIT;
    SELECT count(*) > 0 FROM bemi.changes_between('item', '$last', clock_timestamp());
}), "0\nt", 'what the transaction sees');

done_testing();
