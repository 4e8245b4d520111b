# bemi.as_of() equals the truth, while sessions write and afterwards: at random moments by each of its five arguments, for whole
# tables and for keys. The truth is a ledger that triggers write: what rows came and went, and in which transaction.
use strict;
use warnings;
use Bemi;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $moments = 100; # for each argument
my $node = server('main', 'track_commit_timestamp = on', q{timezone = 'UTC'});
$node->safe_psql('postgres', q{
    CREATE TABLE item (id int PRIMARY KEY, t text, n int);
    CREATE TABLE part (id int PRIMARY KEY, t text, n int) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (30);
    CREATE TABLE part_2 (n int, gone int, id int NOT NULL, t text);
    ALTER TABLE part_2 DROP gone;
    ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES FROM (30) TO (1000);
    CREATE TABLE pair (id int, t text, n int, PRIMARY KEY (id, t));
    CREATE TABLE bag (id int, t text, n int);
    CREATE TABLE late (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, t text, n int);

    CREATE TABLE ledger (number bigserial, name text, old jsonb, new jsonb, transaction xid8 DEFAULT pg_current_xact_id());
    CREATE INDEX ON ledger (name);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO ledger (name, old, new) VALUES (TG_ARGV[0], to_jsonb(OLD), to_jsonb(NEW));
        RETURN NULL;
    END $$;
    DO $$
    DECLARE name text;
    BEGIN
        FOREACH name IN ARRAY '{item, part, pair, bag, late}'::text[] LOOP
            EXECUTE format('CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON %1$I FOR EACH ROW EXECUTE FUNCTION note(%1$I);', name);
            PERFORM bemi.track(name::regclass);
        END LOOP;
    END $$;
    SELECT bemi.start();

    -- One random transaction.
    CREATE FUNCTION write_one(name text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE id int := random() * 60;
    BEGIN
        CASE (random() * 7)::int
        WHEN 0 THEN EXECUTE format('DELETE FROM %I WHERE id = $1', name) USING id;
        WHEN 1 THEN EXECUTE format('UPDATE %I SET id = (random() * 60)::int WHERE id = $1', name) USING id;
        WHEN 2 THEN EXECUTE format('UPDATE %I SET n = n + 1 WHERE id BETWEEN $1 AND $1 + 3', name) USING id;
        WHEN 3 THEN EXECUTE format('UPDATE %I SET id = id + 1 WHERE id = $1', name) USING id;
        WHEN 4 THEN EXECUTE format('UPDATE %I SET t = repeat(chr(97 + $1 %% 26), $1 %% 3) WHERE id = $1', name) USING id;
        ELSE EXECUTE format('INSERT INTO %I (id, t, n) VALUES ($1, $1 %% 7, 0)', name) USING id;
        END CASE;
        SET CONSTRAINTS ALL IMMEDIATE;
        SET CONSTRAINTS ALL DEFERRED;
    EXCEPTION WHEN unique_violation THEN
        NULL;
    END $$;
    CREATE FUNCTION write_some() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        FOR i IN 0 .. (random() * 5)::int LOOP
            PERFORM write_one(('{item, part, pair, bag, late}'::text[])[1 + (random() * 4)::int]);
        END LOOP;
        IF random() < 0.1 THEN
            RAISE EXCEPTION 'changed my mind' USING ERRCODE = '40001';
        END IF;
    EXCEPTION WHEN serialization_failure OR deadlock_detected THEN
        NULL;
    END $$;

    -- How many rows differ between as_of with these arguments and the rows that the transactions made for which the condition holds.
    CREATE FUNCTION differences(name text, arguments text, ledger text, condition text, keys text[] = NULL) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        key constant text := CASE name WHEN 'pair' THEN $k$format('[%s,%s]', r->>'id', r->'t')$k$ ELSE $k$r->>'id'$k$ END;
        count bigint;
    BEGIN
        EXECUTE format($q$
            SELECT count(*) FROM (
                SELECT r FROM (
                    SELECT to_jsonb(a) AS r, -1 AS n FROM bemi.as_of(NULL::%I, %s, keys => $1) AS a
                    UNION ALL SELECT new, 1 FROM %I WHERE name = %L AND new IS NOT NULL AND %s
                    UNION ALL SELECT old, -1 FROM %3$I WHERE name = %4$L AND old IS NOT NULL AND %5$s) AS rows
                WHERE $1 IS NULL OR %6$s = ANY ($1)
                GROUP BY r HAVING sum(n) <> 0) AS differences $q$, name, arguments, ledger, name, condition, key) INTO count USING keys;
        RETURN count;
    END $$;
    CREATE FUNCTION some_keys(name text) RETURNS text[] LANGUAGE sql AS $$
        SELECT CASE WHEN random() < 0.5 AND name <> 'bag' THEN ARRAY(
            SELECT CASE name WHEN 'pair' THEN format('[%s,"%s"]', i, i % 7) ELSE i::text END
            FROM (SELECT (random() * 60)::int AS i FROM generate_series(1, 5)) AS numbers) END
    $$;
    CREATE FUNCTION any_name() RETURNS text LANGUAGE sql AS $$ SELECT ('{item, part, pair, bag, late}'::text[])[1 + (random() * 4)::int] $$;
    CREATE FUNCTION differences_at(at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE name text := any_name();
    BEGIN
        RETURN differences(name, format('at => %L', at), 'ledger',
            format('pg_xact_commit_timestamp(transaction::xid) <= %L', at), some_keys(name));
    END $$;
});
$node->poll_query_until('postgres', 'SELECT bemi.sync() IS NOT NULL') or BAIL_OUT('the worker does not start');
$node->safe_psql('postgres', 'SELECT write_one(name) FROM unnest(ARRAY[' . join(',', map { "'$_'" } qw(item part pair bag late)) . ']) AS name, generate_series(1, 60)');
my $begin = one_of($node, 'SELECT clock_timestamp()');

# While others write, the worker is behind: what is committed is in the tables before it is in bemi.changes.
my $script = $node->basedir . '/write.sql';
append_to_file($script, "SELECT write_some();\n");
my $load = IPC::Run::start([ 'pgbench', '-n', '-c', '4', '-T', $ENV{BEMI_LONG} ? '120' : '5', '-f', $script, $node->connstr('postgres') ],
    '>', \my $out, '2>', \my $errors);
my $wrong = 0;
my $asked = 0;
my $moment = "'$begin'::timestamptz + random() * (clock_timestamp() - '$begin')";
while ($load->pumpable) {
    $load->pump_nb;
    $wrong += $_ for split /\n/, one_of($node, "SELECT differences_at($moment) FROM generate_series(1, 4)");
    # As it is now, and as it is for an older snapshot.
    $wrong += one_of($node, q{SELECT differences_at(clock_timestamp())});
    $wrong += $_ for split /\n/, one_of($node, qq{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) - count(*) FROM item; SELECT count(pg_sleep(0.1)) - 1;
        SELECT differences_at(clock_timestamp()); SELECT differences_at($moment); COMMIT});
    $asked += 7;
}
$load->finish;
is($wrong, 0, "as the ledger says, while others write, $asked times");

# Afterwards, by each argument.
$node->safe_psql('postgres', q{
    SELECT bemi.sync();
    CREATE TABLE operations AS
    SELECT l.*, c.id AS change, c.commit_position, c.sequence, c.transaction_id, c.committed_at FROM (
        SELECT *, row_number() OVER (PARTITION BY transaction ORDER BY number) AS n FROM ledger) AS l
    LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY transaction_id ORDER BY sequence) AS n FROM bemi.changes) AS c
        ON c.transaction_id::text = l.transaction::text AND c.n = l.n;
    CREATE INDEX ON operations (number);
    CREATE INDEX ON operations (name);
    INSERT INTO bemi.marks
    SELECT 'mark ' || commit_position, commit_position, committed_at, '{}' FROM operations GROUP BY commit_position, committed_at;
});
is(one_of($node, 'SELECT count(*) FROM operations WHERE change IS NULL'), 0, 'the ledger and the history have the same changes');
note(one_of($node, 'SELECT count(*), count(DISTINCT transaction) FROM operations'));
my $by_position = q{format('commit_position <= %s', o.commit_position)};
my %by = (
    at => [ 'o.committed_at', q{format('committed_at <= %L', o.committed_at)} ],
    lsn => [ q{'0/0'::pg_lsn + o.commit_position}, $by_position ],
    transaction => [ 'o.transaction_id', $by_position ],
    change => [ 'o.change', q{format('(commit_position, sequence) <= (%s, %s)', o.commit_position, o.sequence)} ],
    mark => [ q{'mark ' || o.commit_position}, $by_position ],
);
for my $argument (sort keys %by) {
    my ($value, $condition) = @{ $by{$argument} };
    is(one_of($node, qq{
        SELECT count(*), sum(differences(s.name, format('$argument => %L', $value), 'operations', $condition, some_keys(s.name)))
        FROM operations o, LATERAL (SELECT any_name() AS name, o.number OFFSET 0) AS s
        WHERE o.number = ANY (ARRAY(SELECT number FROM operations WHERE committed_at > '$begin' ORDER BY random() LIMIT $moments))}),
        "$moments|0", "at moments by $argument");
}

done_testing();
