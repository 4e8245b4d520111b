# Tables that are gone, or were truncated: their past from changes and baselines alone.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main');

sub run {
    my ($sql) = @_;
    return $node->safe_psql('postgres', $sql);
}

sub error_of {
    my ($sql) = @_;
    my (undef, undef, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql", on_error_stop => 0);
    return $error;
}

sub wait_for_baselines {
    $node->poll_query_until('postgres', 'SELECT bool_and(finished_at IS NOT NULL) FROM bemi.baselines') or die run('TABLE bemi.baselines');
    run('SELECT bemi.sync()');
}

# How many rows one has and the other has not.
sub difference_of {
    my ($one, $other) = @_;
    return run("SELECT (SELECT count(*) FROM (SELECT * FROM $one EXCEPT ALL SELECT * FROM $other) d)
                     + (SELECT count(*) FROM (SELECT * FROM $other EXCEPT ALL SELECT * FROM $one) d)");
}

run(q{
    CREATE SCHEMA copy;
    CREATE TABLE item (id int PRIMARY KEY, gone text, name text, price numeric(8,2), tags text[], made timestamptz DEFAULT now());
    ALTER TABLE item DROP gone;
    INSERT INTO item SELECT n, 'n' || n, n / 3.0, ARRAY['a', n::text] FROM generate_series(1, 2000) AS n;
    CREATE TABLE part (id int, kind int, t text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
    INSERT INTO part SELECT n, 1 + n % 2, 't' || n FROM generate_series(1, 100) AS n;
    CREATE TABLE bare (id int PRIMARY KEY);
    INSERT INTO bare VALUES (1), (2);
    CREATE TABLE bag (t text);
    INSERT INTO bag VALUES ('x');
    SELECT bemi.track('item', baseline => true), bemi.track('part', baseline => true), bemi.track('bare'), bemi.track('bag', baseline => true);
    SELECT bemi.start();
});
wait_for_baselines();

# Copies at some moments; the rows of copies are what the past must be.
sub remember {
    my ($name) = @_;
    run(qq{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT bemi.mark('$name');
        CREATE TABLE copy.item_$name AS SELECT * FROM item; CREATE TABLE copy.part_$name AS SELECT * FROM part; COMMIT});
    return run('SELECT clock_timestamp()');
}

my @moments = (remember('start'));
run(q{UPDATE item SET price = price + 1 WHERE id % 7 = 0; DELETE FROM item WHERE id % 11 = 0; UPDATE item SET id = id + 10000 WHERE id % 13 = 0;
      INSERT INTO item VALUES (13, 'again'), (-1, NULL);
      UPDATE part SET kind = 3 - kind WHERE id % 5 = 0; DELETE FROM part WHERE id % 9 = 0; UPDATE part SET t = 'changed' WHERE id % 4 = 0});
push @moments, remember('changed');
run(q{BEGIN; INSERT INTO item VALUES (-2, 'short'); TRUNCATE item /*Bemi {"user_id": 7} Bemi*/; INSERT INTO item VALUES (1, 'new'), (-3, 'new'); COMMIT; TRUNCATE part_2});
push @moments, remember('truncated');
run(q{UPDATE item SET name = 'newer'; INSERT INTO item VALUES (2, 'newer'); INSERT INTO part VALUES (1000, 2, 'new'); TRUNCATE item; INSERT INTO item VALUES (5)});
push @moments, remember('end');

my @names = qw(start changed truncated end);
for my $i (0 .. $#names) {
    my ($name, $moment) = ($names[$i], $moments[$i]);
    cmp_ok(run("SELECT count(*) FROM copy.item_$name"), '>', 0, 'there are rows to compare');
    for my $table (qw(item part)) {
        is(difference_of("bemi.as_of(NULL::$table, mark => '$name')", "copy.${table}_$name"), 0, "as_of of $table, at the mark $name");
        is(difference_of("bemi.as_of(NULL::$table, '$moment')", "copy.${table}_$name"), 0, "as_of of $table, at that time");
    }
}
is(run(q{SELECT count(*), min(name) FROM bemi.as_of(NULL::item, mark => 'changed', keys => '{1,10013,26}')}), '2|n1', 'with keys');
is(run(q{SELECT count(*), min(name) FROM bemi.as_of(NULL::item, mark => 'changed') WHERE id = 10013}), '1|n13', 'with the key from WHERE');

like(error_of("SELECT * FROM bemi.versions(NULL::item, '$moments[1]', keys => '{1}')"), qr/ERROR:  55000: table "item" was truncated since.*versions/s, 'versions do not go past a TRUNCATE');

# TRUNCATE is taken back.
is(run(q{SELECT DISTINCT status FROM bemi.revert(relation => 'item', since_mark => 'changed')}), 'reverted', 'revert of TRUNCATE');
is(difference_of('item', 'copy.item_changed'), 0, 'brings all rows back');

# Restored tables.
is(run(q{SELECT bemi.restore('item', 'copy."New one"', mark => 'start')}), 2000, 'restore of a table that is there');
is(difference_of('copy."New one"', 'copy.item_start'), 0, 'with the rows of then');
is(run(q{SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'copy."New one"'::regclass AND contype = 'p'}), 'PRIMARY KEY (id)', 'and the key');
is(run(q{SELECT string_agg(format_type(atttypid, atttypmod), ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'copy."New one"'::regclass AND attnum > 0}),
    'integer text numeric(8,2) text[] timestamp with time zone', 'and the types');

run(q{ALTER TABLE item RENAME name TO label; ALTER TABLE item ADD later int; UPDATE item SET later = 1 WHERE id < 100; SELECT bemi.mark('altered'); CREATE TABLE copy.item_altered AS TABLE item});
is(run(q{SELECT bemi.restore('item', 'item_was', mark => 'changed'), (SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = 'copy.item_changed'::regclass AND attnum > 0)}), run('SELECT count(*) FROM copy.item_changed') . '|id name price tags made', 'columns that were renamed since');
is(difference_of('item_was', 'copy.item_changed'), 0, 'have the names of then');

my $oid = run(q{SELECT 'item'::regclass::oid});
run(q{SELECT bemi.sync(); DROP TABLE item; DROP TABLE part; SELECT bemi.sync()});
for my $name (@names) {
    for my $table (qw(item part)) {
        is(run("SELECT bemi.restore('$table', 'r_${table}_$name', mark => '$name') = (SELECT count(*) FROM copy.${table}_$name)"), 't', "$table, which was dropped, at $name");
        is(difference_of("r_${table}_$name", "copy.${table}_$name"), 0, 'has its rows');
    }
}
is(run(q{SELECT bemi.restore('public.item', 'r_altered', mark => 'altered') > 0}), 't', 'after it was altered');
is(difference_of('r_altered', 'copy.item_altered'), 0, 'it has all columns');
is(run(qq{SELECT bemi.restore('$oid', 'r_oid', mark => 'start')}), 2000, 'by its OID');

# Several of one name.
run(q{CREATE TABLE item (id int PRIMARY KEY, x int); SELECT bemi.track('item', baseline => true); INSERT INTO item VALUES (1, 2); SELECT bemi.mark('second')});
wait_for_baselines();
run(q{DROP TABLE item; SELECT bemi.sync()});
like(error_of(q{SELECT bemi.restore('item', 't', mark => 'start')}),
    qr/ERROR:  42P09: several tables that were called "item" were dropped\nDETAIL:  $oid: public\.item, from 2.*; \d+: public\.item, from.*\nHINT:  Give the OID/, 'several tables of one name');
is(run(qq{SELECT bemi.restore('$oid', 'r_again', mark => 'start')}), 2000, 'the OID tells which');

# Errors.
run(q{SELECT bemi.mark('bare'); CREATE ROLE reader; CREATE VIEW v AS SELECT 1 AS id});
like(error_of(q{TRUNCATE bare; SELECT * FROM bemi.as_of(NULL::bare, mark => 'bare')}), qr/ERROR:  55000: table "bare" was truncated since/, 'TRUNCATE of a table without a baseline');
like(error_of(q{SELECT * FROM bemi.as_of(NULL::bare, mark => 'bare', keys => '{1}')}), qr/ERROR:  55000: table "bare" was truncated since/, 'with keys');
like(error_of("SELECT * FROM bemi.versions(NULL::bare, '$moments[3]', keys => '{1}')"), qr/ERROR:  55000: table "bare" was truncated since/, 'versions of it');
like(error_of(q{SELECT bemi.restore('bare', 't', mark => 'bare')}), qr/ERROR:  55000: table "bare" was truncated since/, 'restore of it');
run(q{INSERT INTO bare VALUES (3); SELECT bemi.mark('bare 2'); CREATE TABLE copy.bare_2 AS TABLE bare; TRUNCATE bare});
is(difference_of(q{bemi.as_of(NULL::bare, mark => 'bare 2')}, 'copy.bare_2'), 0, 'after a TRUNCATE all rows are in the history');
run(q{DROP TABLE bare; DROP TABLE bag; SELECT bemi.sync()});
for my $case (
    [ q{'bare', 't', mark => 'bare'}, qr/55000: not all rows of the dropped table "bare" are in the history/, 'no baseline' ],
    [ q{'bag', 't', mark => 'bare'}, qr/55000: not all rows of the dropped table "bag" are in the history/, 'no primary key' ],
    [ qq{'$oid', 'r_again', mark => 'start'}, qr/42P07: relation "r_again" already exists/, 'target exists' ],
    [ qq{'$oid', 'nowhere.t', mark => 'start'}, qr/3F000: schema "nowhere" does not exist/, 'no schema' ],
    [ q{'never', 't', mark => 'start'}, qr/42P01: relation "never" does not exist/, 'no table' ],
    [ q{'1', 't', mark => 'start'}, qr/42P01: relation "1" does not exist/, 'no OID' ],
    [ qq{'$oid', 't'}, qr/22004: no moment is given/, 'no moment' ],
    [ qq{NULL, 't', mark => 'start'}, qr/22004: the names of both tables must be given/, 'no name' ],
    [ qq{'$oid', NULL, mark => 'start'}, qr/22004: the names of both tables must be given/, 'no new name' ],
    [ qq{'$oid', 't; DROP TABLE part', mark => 'start'}, qr/22023: string is not a valid identifier/, 'no identifier' ],
    [ qq{'$oid', 'a.b.c', mark => 'start'}, qr/42601: improper relation name/, 'too many names' ],
    [ q{'v', 't', mark => 'start'}, qr/(42809|55000): /, 'a view' ],
) {
    like(error_of("SELECT bemi.restore($case->[0])"), $case->[1], $case->[2]);
}
like(error_of(qq{GRANT ALL ON SCHEMA copy TO reader; SET ROLE reader; SELECT bemi.restore('$oid', 'copy.t', mark => 'start')}), qr/ERROR:  42501: permission denied for table changes/, 'the rights are those of the caller');

done_testing();
