# What bemi.erase() has erased is nowhere: not in bemi's tables, their indexes and TOAST tables, temporary files, errors, dumps, nor
# the server log at debug5. The WAL and the user's tables are excepted.
use strict;
use warnings;
use Bemi;
use File::Find;
use PostgreSQL::Test::Utils;
use Test::More;

my $secret = 'xyzzySECRETplugh';
my $hex = unpack('H*', $secret);
my $node = server('main', 'log_min_messages = debug5', 'log_statement = none', 'log_min_error_statement = panic', 'autovacuum = off');

sub run { one_of($node, $_[0]) }

# Large values are as they are in TOAST tables too.
run(q{ALTER TABLE bemi.changes ALTER before SET STORAGE EXTERNAL, ALTER after SET STORAGE EXTERNAL, ALTER context SET STORAGE EXTERNAL});
run(q{SELECT bemi.start()});
run(qq{
    CREATE TYPE pair AS (a int, b text);
    CREATE TABLE kinds (id int PRIMARY KEY, v text, j jsonb, raw json, b bytea, a text[], c pair, long text, d text DEFAULT '$secret',
        g text GENERATED ALWAYS AS (v || '!') STORED);
    CREATE TABLE parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE account (email text PRIMARY KEY, v text);
    CREATE TABLE logged (what text);
    CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN INSERT INTO logged VALUES ('a row'); RETURN NULL; END \$\$;
    CREATE TRIGGER log AFTER INSERT ON kinds FOR EACH ROW EXECUTE FUNCTION log();
    SELECT bemi.track(t) FROM unnest('{kinds,parted,account,logged}'::regclass[]) t;
});
my $dump = $node->basedir . '/dump.sql';
run(qq{
    SET bemi.capture = 'sql';
    SET bemi.context = '{"who": "$secret", "kept": 1}';
    INSERT INTO kinds VALUES (1, '$secret', '{"k": ["$secret"]}', '{"k": "$secret\\u0000"}', '$secret', '{$secret}', (1, '$secret'), repeat('$secret', 1000));
    INSERT INTO parted VALUES (1, '$secret');
    UPDATE parted SET v = 'other';
    INSERT INTO account VALUES ('$secret', '$secret');
    UPDATE account SET email = 'x$secret';
    DELETE FROM account;
    SELECT bemi.sync();
});
# A change that could not be stored at all: its error names the value, and no row.
run(qq{INSERT INTO bemi.errors (id, commit_position, sequence, schema, "table", operation, committed_at, sqlstate, error)
    VALUES (gen_random_uuid(), 1, 1, 'public', 'kinds', 'CREATE', now(), '22P05', 'cannot write "$secret"')});

# The files of bemi's relations, with those of their indexes and TOAST tables, and temporary files.
sub own_files {
    my @own = map { $node->data_dir . "/$_" } split /\n/, run(q{
        SELECT pg_relation_filepath(c.oid) FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
        LEFT JOIN pg_class t ON t.reltoastrelid = coalesce(i.indrelid, c.oid)
        WHERE coalesce((SELECT p.relnamespace FROM pg_class p WHERE p.oid = coalesce(t.oid, i.indrelid, c.oid)), 0) = 'bemi'::regnamespace
          AND pg_relation_filepath(c.oid) IS NOT NULL});
    find(sub { push @own, $File::Find::name if -f && $File::Find::dir =~ /pgsql_tmp/ }, $node->data_dir);
    return @own;
}

sub files_with_secret {
    run('CHECKPOINT');
    return grep { slurp_file($_) =~ /\Q$secret\E|$hex/ } own_files();
}

sub rows_with_secret {
    my @found;
    for my $table (split /\n/, run(q{SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'bemi'::regnamespace AND relkind IN ('r', 'p')})) {
        push @found, $table if run(qq{SELECT count(*) FROM $table t WHERE t::text ~ '$secret|$hex'}) > 0;
    }
    return "@found";
}

like(rows_with_secret(), qr/bemi.changes .*bemi.errors .*bemi.moved_keys/, 'before, it is in the tables');
cmp_ok(scalar files_with_secret(), '>', 4, '... and in their files');
like(run(q{SELECT string_agg(error, ' ') FROM bemi.errors}), qr/\w/, '... and an error is about it');
my $log_before = -s $node->logfile;

run(q{SELECT bemi.erase('kinds', '1', context_keys => '{who}', reason => 'x'), bemi.erase('parted', '1', context_keys => '{who}', reason => 'x'),
    bemi.erase('account', 'x' || (SELECT v FROM kinds), '{email,v}', '{who}', 'x')});
run('SELECT bemi.sync()');
is(run(q{SELECT string_agg(error, ' ') FROM bemi.errors WHERE operation = 'ERASURE'}), '', 'the erasures succeed');
# The row of a table without a key has the context too.
is(run(qq{SELECT string_agg(DISTINCT "table", ' ') FROM bemi.changes c WHERE c::text ~ '$secret'}), 'logged', 'only what nobody has asked for is left: a context of another row');
is(run(qq{SELECT count(*) FROM bemi.changes WHERE "table" = 'logged' AND context->>'SQL' ~ '$secret' OR context->'pg'->>'sql' ~ '$secret'}), 0, '... without the text of the statement');
run(q{UPDATE bemi.changes SET context = '{}' WHERE "table" = 'logged'});
is(rows_with_secret(), '', 'it is in no row');

# The worker vacuums.
my $vacuumed = q{SELECT count(*) = 3 FROM pg_stat_all_tables WHERE last_vacuum IS NOT NULL AND schemaname = 'bemi'
    AND (relname IN ('moved_keys', 'errors') OR relid = (SELECT partition FROM bemi.partitions ORDER BY from_time LIMIT 1))};
run('SELECT pg_reload_conf()');
ok($node->poll_query_until('postgres', $vacuumed), 'the worker has vacuumed what was erased');
run('CREATE EXTENSION pageinspect');
is(run(qq{SELECT count(*) FROM bemi.partitions p CROSS JOIN LATERAL generate_series(0, pg_relation_size(p.partition) / 8192 - 1) AS n
    CROSS JOIN LATERAL heap_page_items(get_raw_page(p.partition::text, 'main', n)) i WHERE i.lp_flags = 1 AND encode(i.t_data, 'escape') ~ '$secret'}), 0, 'no dead row has it');

# What is left in free bytes of the files goes when these are written anew.
run('VACUUM (FULL) bemi.changes');
run('VACUUM (FULL) bemi.moved_keys');
run('VACUUM (FULL) bemi.errors');
is(join(' ', files_with_secret()), '', 'no file has it');

$node->command_ok([ 'pg_dump', '--schema', 'bemi', '--file', $dump, $node->connstr('postgres') ], 'a dump of the history');
unlike(slurp_file($dump), qr/\Q$secret\E|$hex/, '... does not have it');
unlike(slurp_file($node->logfile), qr/\Q$secret\E|$hex/, 'the server log does not have it');
like(slurp_file($node->logfile), qr/DEBUG/, '... which tells much');
is(run(qq{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'bemi%' AND query ~ '$secret'}), 0, 'nor does what the worker is doing');

done_testing();
