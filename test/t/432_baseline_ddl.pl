# What becomes of a baseline if its table is altered, rewritten, untracked or dropped while it is half done: the past is what it was
# all the same, or an error says that it is not known. And rows that are large, or have no key, while they are written.
use strict;
use warnings;
use Bemi;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', "bemi.sync_timeout = '${PostgreSQL::Test::Utils::timeout_default}s'");

sub run {
    my ($sql) = @_;
    return $node->safe_psql('postgres', $sql);
}

sub wait_for_baselines {
    my ($name) = @_;
    ok($node->poll_query_until('postgres', 'SELECT bool_and(finished_at IS NOT NULL) FROM bemi.baselines'), $name)
        or diag(run('SELECT b FROM bemi.baselines b WHERE finished_at IS NULL'));
    run('SELECT bemi.sync()');
}

sub error_of {
    my ($sql) = @_;
    my (undef, undef, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql", on_error_stop => 0);
    return $error;
}

# stop_half_way() waits until a part of the table's rows is stored, and not all; then it locks the table, so that no more are.
run(q{
    CREATE SCHEMA copy;
    CREATE SCHEMA elsewhere;
    CREATE FUNCTION stop_half_way(name regclass) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE b bemi.baselines;
    BEGIN
        LOOP
            SELECT * INTO b FROM bemi.baselines WHERE relation = name ORDER BY id DESC LIMIT 1;
            EXIT WHEN b.rows_stored > 0 OR b.finished_at IS NOT NULL;
            PERFORM pg_sleep(0.001);
        END LOOP;
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', name);
        RETURN finished_at IS NULL FROM bemi.baselines WHERE id = b.id;
    END $$;
    SELECT bemi.start();
});

# Tables with 5000 rows, each in the table that is called like the alteration.
my %alterations = (
    renamed => 'ALTER TABLE renamed RENAME TO later_name',
    moved => 'ALTER TABLE moved SET SCHEMA elsewhere',
    column_renamed => 'ALTER TABLE column_renamed RENAME t TO text',
    column_added => q{ALTER TABLE column_added ADD later text DEFAULT 'later', ADD price numeric(8,2) DEFAULT 1.50, ADD tags text[] DEFAULT '{a,NULL}', ADD at timestamptz DEFAULT now(), ADD nothing int; UPDATE column_added SET later = 'set' WHERE id % 3 = 0},
    column_added_twice => q{ALTER TABLE column_added_twice ADD later text DEFAULT 'first'; UPDATE column_added_twice SET later = 'set' WHERE id = 3;
        ALTER TABLE column_added_twice DROP later; ALTER TABLE column_added_twice ADD later text DEFAULT 'second'; ALTER TABLE column_added_twice RENAME later TO latest;
        ALTER TABLE column_added_twice ALTER latest SET DEFAULT 'third'; INSERT INTO column_added_twice VALUES (0, 0)},
    rewritten_later => q{ALTER TABLE rewritten_later ADD later text DEFAULT 'later'; CLUSTER rewritten_later USING rewritten_later_pkey},
    computed => 'ALTER TABLE computed ADD number bigserial',
    generated => 'ALTER TABLE generated ADD twice int GENERATED ALWAYS AS (2 * id) STORED',
    column_dropped => 'ALTER TABLE column_dropped DROP t',
    retyped => 'ALTER TABLE retyped ALTER other TYPE text USING other || $$ retyped$$',
    clustered => 'CLUSTER clustered USING clustered_pkey',
    emptied => q{TRUNCATE emptied; INSERT INTO emptied VALUES (1, 1, 'again')},
    written => q{UPDATE written SET t = 'new' WHERE id % 5 = 0; DELETE FROM written WHERE id % 7 = 0;
        UPDATE written SET id = id + 100000 WHERE id % 11 = 0; INSERT INTO written VALUES (11, 11, 'in place of')},
    key_moved => 'UPDATE key_moved SET id = -id',
    identity => 'ALTER TABLE identity REPLICA IDENTITY DEFAULT; UPDATE identity SET id = id + 50000 WHERE id % 2 = 0; ALTER TABLE identity REPLICA IDENTITY FULL',
    untracked => q{SELECT bemi.untrack('untracked'); UPDATE untracked SET t = 'unseen'; DELETE FROM untracked WHERE id % 3 = 0; SELECT bemi.track('untracked')},
    unlogged => 'ALTER TABLE unlogged SET UNLOGGED; UPDATE unlogged SET t = $$unseen$$; ALTER TABLE unlogged SET LOGGED',
    dropped => 'DROP TABLE dropped',
    given_up => q{SELECT bemi.untrack('given_up')},
    rekeyed => 'ALTER TABLE rekeyed DROP CONSTRAINT rekeyed_pkey; ALTER TABLE rekeyed ADD PRIMARY KEY (other)',
    unkeyed => 'ALTER TABLE unkeyed DROP CONSTRAINT unkeyed_pkey',
);
my %oids;

# Once more, if the worker was faster.
sub alter_half_way {
    my ($name) = @_;
    for (1 .. 20) {
        return 1 if run("BEGIN; SELECT stop_half_way('$name') AS is_half \\gset\n\\if :is_half\n$alterations{$name};\n\\endif\nCOMMIT; SELECT :'is_half'") =~ /t\z/;
        run("SELECT bemi.untrack('$name'); SELECT bemi.track('$name', baseline => true)");
    }
    return 0;
}

for my $name (sort keys %alterations) {
    run(qq{CREATE TABLE $name (id int PRIMARY KEY, other int NOT NULL, t text);
        INSERT INTO $name SELECT n, -n, repeat('x', 50) || n FROM generate_series(1, 5000) AS n;
        SELECT bemi.track('$name', baseline => true)});
    $oids{$name} = run("SELECT '$name'::regclass::oid");
    ok(alter_half_way($name), "a baseline that is half done: $name");
}
wait_for_baselines('all baselines come to an end');
my $progress = 'SELECT progress, sqlstate FROM bemi.last_baselines()';
for my $name (qw(dropped given_up)) {
    is(run("$progress WHERE relation = $oids{$name}"), 'ended|55000', "one of a table that is no longer tracked: $name");
    delete $alterations{$name};
}
my @complete = sort keys %alterations;
is(run("SELECT count(*), min(progress) FROM bemi.last_baselines() WHERE relation IN (" . join(',', @oids{@complete}) . ')'),
    @complete . '|complete', 'the others are complete');

# Their past goes through a TRUNCATE, but for those whose keys cannot be followed.
for my $name (@complete) {
    my $table = run("SELECT $oids{$name}::regclass");
    run("BEGIN; SELECT bemi.mark('$name'); CREATE TABLE copy.$name AS TABLE $table; COMMIT; TRUNCATE $table");
    my $past = "bemi.as_of(NULL::$table, mark => '$name')";
    if ($name =~ /^(computed|generated)$/) {
        like(error_of("SELECT count(*) FROM $past"), qr/ERROR:  55000: values of column "(number|twice)" of table "$name" are not in the history/, "what is not known: $name");
        next;
    }
    if ($name =~ /^(rekeyed|unkeyed)$/) {
        like(error_of("SELECT count(*) FROM $past"), qr/ERROR:  55000: table "$name" was truncated since that moment/, "what is not known: $name");
        next;
    }
    is(run("SELECT count(*) FROM (SELECT row FROM (SELECT c::text AS row, 1 AS n FROM copy.$name c UNION ALL SELECT p::text, -1 FROM $past p) AS rows
        GROUP BY row HAVING sum(n) <> 0) AS difference"), 0, "no row is wrong and none is missing: $name");
}
is(run(q{SELECT count(*) FROM (SELECT id FROM bemi.changes GROUP BY id HAVING count(*) > 1) d}), 0, 'no change is there twice');

# A value of 100 MB.
run(q{
    CREATE TABLE large (id int PRIMARY KEY, t text);
    INSERT INTO large SELECT n, CASE n WHEN 2 THEN repeat('0123456789', 10000000) ELSE 'small' END FROM generate_series(1, 3) AS n;
    SELECT bemi.track('large', baseline => true)});
wait_for_baselines('a value of 100 MB');
is(run(q{SELECT string_agg(format('%s %s', id, c.after->>'t' = l.t), ',' ORDER BY id) FROM large l JOIN LATERAL (
    SELECT after FROM bemi.changes WHERE "table" = 'large' AND primary_key = l.id::text AND operation = 'BASELINE') c ON true}),
    '1 t,2 t,3 t', 'it is stored, and the rows beside it');

# A table without a key, while others write it. All its rows are at one place among its changes: with those before it, they are what it
# was in the beginning, and with those after it what it is now.
run(q{
    CREATE TABLE bag (n int, t text);
    INSERT INTO bag SELECT n % 100, 'x' FROM generate_series(1, 1000) AS n;
    CREATE TABLE copy.bag AS TABLE bag;
    SELECT bemi.track('bag');
    SELECT bemi.sync();
    CREATE FUNCTION difference(number bigint, is_before boolean) RETURNS bigint LANGUAGE sql AS $$
        WITH change AS (SELECT operation, before, after, commit_position FROM bemi.changes WHERE "table" = 'bag'
                AND (operation <> 'BASELINE' OR sequence >> 36 = number)),
        place AS (SELECT max(commit_position) AS place FROM change WHERE operation = 'BASELINE')
        SELECT count(*) FROM (
            SELECT r FROM (
                SELECT after AS r, 1 AS n FROM change WHERE operation = 'BASELINE'
                UNION ALL SELECT c.after, CASE WHEN $2 THEN -1 ELSE 1 END FROM change c, place
                    WHERE operation IN ('CREATE', 'UPDATE') AND (commit_position < place) = $2
                UNION ALL SELECT c.before, CASE WHEN $2 THEN 1 ELSE -1 END FROM change c, place
                    WHERE operation IN ('DELETE', 'UPDATE') AND (commit_position < place) = $2
                UNION ALL SELECT to_jsonb(b), -1 FROM copy.bag b WHERE $2
                UNION ALL SELECT to_jsonb(b), -1 FROM bag b WHERE NOT $2) AS rows
            GROUP BY r HAVING sum(n) <> 0) AS difference $$;
});
my $script = $node->basedir . '/bag.sql';
append_to_file($script, q{\set k random(0, 99)
    BEGIN;
    INSERT INTO bag VALUES (:k, 'new'), (:k, 'new');
    DELETE FROM bag WHERE ctid IN (SELECT ctid FROM bag WHERE n = (:k + 1) % 100 LIMIT 1);
    UPDATE bag SET t = 'changed' WHERE ctid IN (SELECT ctid FROM bag WHERE n = (:k + 2) % 100 LIMIT 2);
    COMMIT;
});
my $writers = IPC::Run::start([ 'pgbench', '-n', '-c', '2', '-t', '200', '-f', $script, $node->connstr('postgres') ], '>', \my $out, '2>', \my $errors);
my $count = 0;
do {
    run(q{SELECT bemi.baseline('bag')});
    $node->poll_query_until('postgres', 'SELECT bool_and(finished_at IS NOT NULL) FROM bemi.baselines');
    $count++;
    $writers->pump_nb;
} while ($writers->pumpable && $count < 20);
$writers->finish;
run('SELECT bemi.sync()');
is(run(q{SELECT count(*), coalesce(sum(difference(id, true)), 0), coalesce(sum(difference(id, false)), 0)
    FROM bemi.baselines WHERE relation = 'bag'::regclass}), "$count|0|0", "a table without a key, $count times");

done_testing();
