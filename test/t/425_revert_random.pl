# After everything since a mark is taken back, the tables are as they were then: with cascades, keys that move and come back, rows that
# move between partitions, several changes of a row in a transaction, and rolled back ones. What was taken back comes again by a redo.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{BEMI_LONG} ? 200 : 10;
my $node = server('main', "bemi.sync_timeout = '${PostgreSQL::Test::Utils::timeout_default}s'");
my @tables = qw(parent child part);
$node->safe_psql('postgres', q{
    CREATE TABLE parent (id int PRIMARY KEY, name text, best int, UNIQUE (name, best));
    CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE, n numeric,
        next int REFERENCES child ON DELETE SET NULL ON UPDATE CASCADE, twice numeric GENERATED ALWAYS AS (n * 2) STORED);
    ALTER TABLE parent ADD FOREIGN KEY (best) REFERENCES child ON DELETE SET NULL ON UPDATE CASCADE;
    CREATE SEQUENCE fresh START 32;
    CREATE TABLE part (id int, place text, n int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (MINVALUE) TO (20);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (20) TO (MAXVALUE);
    SELECT bemi.track('parent'), bemi.track('child'), bemi.track('part', 'statement'), bemi.start();

    CREATE FUNCTION reuse() RETURNS boolean LANGUAGE sql RETURN current_setting('test.reuse', true) = 'on' AND random() < 0.7;
    CREATE FUNCTION write_one() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        a int := 1 + random() * 30;
        b int := 1 + random() * 30;
    BEGIN
        CASE (random() * 10)::int
        WHEN 0 THEN DELETE FROM parent WHERE id = a;
        WHEN 1 THEN UPDATE parent SET id = CASE WHEN reuse() THEN b ELSE nextval('fresh') END WHERE id = a;
        WHEN 2 THEN UPDATE parent SET best = (SELECT min(id) FROM child WHERE parent_id = a) WHERE id = a;
        WHEN 3 THEN UPDATE child SET id = CASE WHEN reuse() THEN b ELSE nextval('fresh') END, n = n + 1 WHERE id = a;
        WHEN 4 THEN DELETE FROM child WHERE id = a;
        WHEN 5 THEN UPDATE child SET next = b, parent_id = (SELECT max(id) FROM parent WHERE id <= a) WHERE id = a;
        WHEN 6 THEN INSERT INTO child VALUES (a, (SELECT min(id) FROM parent WHERE id >= b), b);
        WHEN 7 THEN INSERT INTO part VALUES (a, 'new', b) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
        WHEN 8 THEN UPDATE part SET id = b WHERE id = a;
        WHEN 9 THEN DELETE FROM part WHERE id = a;
        ELSE INSERT INTO parent VALUES (a, 'name ' || b % 5);
        END CASE;
    EXCEPTION WHEN unique_violation OR foreign_key_violation OR triggered_data_change_violation THEN
        NULL;
    END $$;
});

sub write_some {
    my ($count, $reuse) = @_;
    $node->safe_psql('postgres', join "\n", "SET test.reuse = '$reuse';", map { 'BEGIN; ' . ('SELECT write_one();' x (1 + rand 6)) . (rand() < 0.2 ? 'ROLLBACK;' : 'COMMIT;') } 1 .. $count);
}

sub state_of_tables {
    return join "\n", map { one_of($node, "SELECT string_agg($_\::text, ' ' ORDER BY id) FROM $_") } @tables;
}

# Unlike a check within the statement, this one finds rows that no constraint would let in.
sub broken_references {
    return one_of($node, q{SELECT count(*) FROM child c WHERE NOT EXISTS (SELECT FROM parent p WHERE p.id = c.parent_id) AND c.parent_id IS NOT NULL
        OR NOT EXISTS (SELECT FROM child n WHERE n.id = c.next) AND c.next IS NOT NULL});
}

srand(my $seed = $ENV{BEMI_SEED} // time);
note("seed $seed");
$node->safe_psql('postgres', "SELECT setseed(0.5)");
write_some(30, 'off');

# Keys in tables with CASCADE that other rows get: that may be an error, which changes nothing, but never another state.
sub take_back {
    my ($selector, $expected, $may_fail, $name) = @_;
    my $before = state_of_tables();
    my ($status, $out, $errors) = $node->psql('postgres', "SELECT FROM bemi.revert($selector)");
    $errors = $errors =~ s/NOTICE:  there is nothing.*//r =~ s/^psql:\S* \n?//r;
    if ($may_fail && $errors =~ /ERROR:  (cannot take|duplicate key|insert or update|update or delete)/) {
        is(state_of_tables(), $before, "$name: nothing is done because of an error") or diag("seed $seed");
        return 0;
    }
    is($errors, '', "$name: no conflict") or diag("seed $seed");
    is(state_of_tables(), $expected, "$name: all is as it was") or diag("seed $seed");
    return 1;
}

for my $round (1 .. $rounds) {
    my $reuse = $round % 2 ? 'off' : 'on';
    $node->safe_psql('postgres', "SELECT FROM bemi.mark('round $round')");
    my $before = state_of_tables();
    write_some(2 + rand 25, $reuse);
    my $after = state_of_tables();
    my $triggers = $round % 3 ? 'true' : 'false';
    my $is_done = take_back("since_mark => 'round $round', triggers => $triggers", $before, $reuse eq 'on', "round $round");
    is(broken_references(), 0, "round $round: all references are good");
    next if $before eq $after || !$is_done;
    take_back(qq{context => '{"revert": {"since_mark": "round $round"}}'}, $after, $reuse eq 'on', "redo of round $round");
}

done_testing();
