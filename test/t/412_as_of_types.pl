# Values of every type come back from bemi.changes as they were, but for those that JSON cannot hold. The values are those of
# test/sql/decode_types.sql.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', q{timezone = 'UTC'});
my ($samples) = slurp_file("$ENV{TESTDIR}/test/sql/decode_types.sql") =~ /^(create extension hstore;.*?)^-- A type that changes/msi
    or BAIL_OUT('there are no values');
$samples =~ s/^select 'ready' as slot.*\n//mi;
$samples =~ s/^-- Every built-in type.*?^--\n//msi;
$node->safe_psql('postgres', $samples);
$node->safe_psql('postgres', q{
    ALTER DATABASE postgres SET search_path = decode_types, public;
    DROP TABLE decode_types.samples;
    -- The JSON value null is no null where the column cannot be null.
    CREATE TABLE decode_types.not_null (id int, j json NOT NULL, b jsonb NOT NULL);
    INSERT INTO decode_types.not_null VALUES (1, 'null', 'null');
    CREATE SCHEMA past;
    SELECT bemi.track_schema('decode_types');
    SELECT bemi.start();
});
$node->poll_query_until('postgres', 'SELECT bemi.sync() IS NOT NULL');
my $tables = q{SELECT oid::regclass AS name, relname FROM pg_class WHERE relnamespace = 'decode_types'::regnamespace AND relkind = 'r'};
my $moment = one_of($node, 'SELECT clock_timestamp()');
$node->safe_psql('postgres', qq{
    -- Lower bounds of arrays are not kept.
    CREATE FUNCTION without_bounds(text) RETURNS text LANGUAGE sql AS \$\$ SELECT regexp_replace(\$1, '^(\\[-?\\d+:-?\\d+\\])+=', '') \$\$;
    DO \$\$
    DECLARE t record;
    BEGIN
        FOR t IN $tables LOOP
            EXECUTE format('CREATE TABLE past.%I AS TABLE %s; DELETE FROM %2\$s', t.relname, t.name);
        END LOOP;
    END \$\$;
    CREATE FUNCTION lost() RETURNS TABLE (name text, was text, now text) LANGUAGE plpgsql AS \$\$
    DECLARE t record;
    BEGIN
        FOR t IN SELECT c.relname, c.oid::regclass AS name, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'decode_types'::regnamespace AND c.relkind = 'r' AND c.relname <> 'row_type' AND a.attnum > 1 AND NOT a.attisdropped ORDER BY 1, a.attnum LOOP
            RETURN QUERY EXECUTE format('SELECT %L, without_bounds(a.%I::text), without_bounds(b.%2\$I::text)
                FROM past.%I a FULL JOIN bemi.as_of(NULL::%s, %L) b ON b.id = a.id
                WHERE a.id IS NULL OR b.id IS NULL OR without_bounds(a.%2\$I::text) IS DISTINCT FROM without_bounds(b.%2\$I::text) ORDER BY a.id',
                t.relname || '.' || t.attname, t.attname, t.relname, t.name, '$moment');
        END LOOP;
    END \$\$;
});
cmp_ok(one_of($node, "SELECT count(*) FROM ($tables) AS t"), '>', 80, 'there are tables for all types');
is(one_of($node, q{SELECT name || ': ' || coalesce(was, 'NULL') || ' becomes ' || coalesce(lost.now, 'NULL') FROM lost()
    WHERE name NOT LIKE 'type json.%' AND name NOT IN ('type jsonb.matrix', 'uses_types.j')}), join("\n", (map {
        my $type = $_;
        ("type $type.value: -0 becomes 0", "type $type.list: {-0,NULL} becomes {0,NULL}", "type $type.matrix: {{-0},{NULL}} becomes {{0},{NULL}}")
    } qw(float4 float8)), 'type jsonb.value: null becomes NULL', 'type jsonb.list: {"null",NULL} becomes {NULL,NULL}'), 'what is lost');
is(one_of($node, q{SELECT was, now FROM lost() WHERE name IN ('type json.value', 'uses_types.j') AND was::jsonb IS DISTINCT FROM now::jsonb}), 'null|',
    'json comes back as jsonb has it');

# Settings of the session that matter to the text of values.
my $all = 'SELECT count(*), md5(string_agg(lost::text, chr(10) ORDER BY lost::text)) FROM lost()';
is(one_of($node, "SET xmloption = document; SET array_nulls = off; SET IntervalStyle = sql_standard; SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Kolkata';
    CREATE TEMP TABLE lost_then AS SELECT * FROM lost(); RESET ALL; " . ($all =~ s/lost\(\)/lost_then AS lost/r)), one_of($node, $all), 'settings make no difference');

done_testing();
