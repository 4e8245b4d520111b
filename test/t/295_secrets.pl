# A secret in hidden columns of every kind is nowhere but in the table and in the WAL: not in what any format sends, in
# the files of the store, in temporary files, in logs, in errors, in statistics, nor in a dump.
use strict;
use warnings;
use Bemi;
use File::Find;
use PostgreSQL::Test::Utils;
use Test::More;

# No statement contains the secrets as a whole, since PostgreSQL itself shows and logs statements. That of the ordinary
# column must be found, or the search would prove nothing.
my ($secret, $known) = ('Sesame47Open', 'Sesame48Shut');
my ($hidden, $shown) = (q{('Sesame' || 47 || 'Open')}, q{('Sesame' || 48 || 'Shut')});
my $hex = unpack 'H*', $secret;

my $node = server('main', q{log_min_messages = debug5}, q{log_statement = all}, q{max_wal_senders = 10}, q{autovacuum = off},
    q{logical_decoding_work_mem = 64kB}, q{bemi.capture = 'user'});
sub run { $node->safe_psql('postgres', $_[0]); }

# Each kind of column, excluded in one table and redacted in the other, which is partitioned.
run(q{
    CREATE TYPE pair AS (a text, b text[]);
    CREATE FUNCTION hidden() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'Sesame' || 47 || 'Open' $$;
    CREATE DOMAIN word AS text CHECK (length(VALUE) > 3);
});
my $columns = q{
    id int NOT NULL, shown text, t text, v varchar(100), c char(20), w word, j json, jb jsonb, b bytea, a text[], aa text[], p pair, ps pair[],
    x xml, toast text, packed text, d text DEFAULT hidden(), g text GENERATED ALWAYS AS (lower(t) || t) STORED, n name, r tsvector,
    PRIMARY KEY (id)};
my $patterns = q{'{t,v,c,w,j,jb,b,a,aa,p,ps,x,toast,packed,d,g,n,r}'};
run(qq{
    CREATE TABLE excluded ($columns);
    CREATE TABLE redacted ($columns) PARTITION BY RANGE (id);
    CREATE TABLE redacted_1 PARTITION OF redacted FOR VALUES FROM (0) TO (1000);
    ALTER TABLE excluded ALTER toast SET STORAGE EXTERNAL, ALTER packed SET STORAGE MAIN;
    ALTER TABLE redacted_1 ALTER toast SET STORAGE EXTERNAL, ALTER packed SET STORAGE MAIN;
});
for my $table (qw(excluded redacted)) {
    my $rule = { excluded => 'exclude_columns', redacted => 'redact_columns' }->{$table};
    run("SELECT bemi.track('$table', $rule => $patterns)");
}
is(one_of($node, 'SELECT count(*) FROM bemi.table_problems'), 0, 'the rules hide all');

my $values = qq{$shown, s, s, s, s, to_json(s), jsonb_build_object(s, ARRAY[s]), s::bytea, ARRAY[s, s], ARRAY[ARRAY[s], ARRAY[s]], ROW(s, ARRAY[s])::pair,
    ARRAY[ROW(s, ARRAY[s])::pair], xmlelement(name x, s), repeat(s, 1000), repeat(s, 50)};
my $insertion = qq{(id, shown, t, v, c, w, j, jb, b, a, aa, p, ps, x, toast, packed, n, r)
    SELECT g, $values, s::name, s::tsvector FROM generate_series(1, 20) g, (VALUES ($hidden)) AS secret (s)};
# The rows of this table are there before it is tracked: a baseline reads them.
run("CREATE TABLE filled (LIKE excluded INCLUDING ALL); INSERT INTO filled $insertion");

# The formats that clients can have, a client that gets transactions in progress, and the store
my @formats = ([ format => 'bemi' ], [ format => 'wal2json', map { ("include-$_" => 'on') } qw(pk default types type-oids not-null column-positions) ],
    [ 'include-types' => 'on' ], [ format => 'bemi', stream => 'on' ]);
create_slot($node, "slot_$_") for 0 .. $#formats;
run('SELECT bemi.start()');

for my $table (qw(excluded redacted)) {
    run("INSERT INTO $table $insertion");
    run("UPDATE $table SET shown = shown || 1");
    run("UPDATE $table SET toast = toast || t, packed = packed || t, t = t || 2, d = d || 2, b = b || b, jb = jb || jsonb_build_object('k', v), a = a || t, shown = shown || 2");
    run("UPDATE $table SET toast = NULL, j = NULL, p = ROW(t, NULL)");
    run("DELETE FROM $table WHERE id = 1");
}
run(qq{SELECT bemi.track('filled', baseline => true, exclude_columns => '{v,c,w,j,jb,b,a,aa,p,ps,x,toast,g}', redact_columns => '{t,packed,d,n,r}')});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 20 FROM bemi.changes WHERE operation = 'BASELINE'}), 'there is a baseline');

# What of both is in the text.
sub found_in {
    my ($text) = @_;
    return join ' ', ($text =~ /\Q$secret\E|\Q$hex\E/i ? 'secret' : ()), ($text =~ /\Q$known\E/ ? 'known' : ());
}

# A trigger on bemi.changes tells the whole row in its exception, which the state of the worker shows. Values that cannot be
# stored are in bemi.errors.
run(q{
    CREATE TABLE failing (id int PRIMARY KEY, secret text, other text, j json);
    SELECT bemi.track('failing', exclude_columns => '{secret}', redact_columns => '{other}');
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'refused: %', NEW USING DETAIL = NEW::text;
    END
    $$;
    CREATE TRIGGER tell BEFORE INSERT ON bemi.changes FOR EACH ROW WHEN (NEW."table" = 'failing') EXECUTE FUNCTION tell();
});
run(qq{INSERT INTO failing VALUES (7, $hidden, $hidden, to_json($shown)), (8, $hidden, $hidden, '"\\u0000"'), (9, $hidden, $hidden, ('{"a": 1e400000}')::json)});
ok($node->poll_query_until('postgres', q{SELECT last_error LIKE '%refused%' FROM bemi.status}), 'an exception with a row');
is(found_in(one_of($node, 'SELECT s, w, m FROM bemi.status s, bemi.worker w, bemi.metrics m')), 'known', '... does not have hidden values');
run('DROP TRIGGER tell ON bemi.changes; SELECT bemi.start()');

# A transaction that the worker puts into a file, and that a client gets in parts
run(qq{INSERT INTO excluded (id, shown, t, toast, v) SELECT g, $shown, $hidden, $hidden, $hidden FROM generate_series(1001, 30000) g});
run(q{SELECT bemi.sync('180 s')});
is(one_of($node, 'SELECT count(*) > 0 FROM bemi.errors'), 't', 'there are errors');

my $end = one_of($node, 'SELECT pg_current_wal_lsn()');
for my $i (0 .. $#formats) {
    my $lines = $node->pg_recvlogical_upto('postgres', "slot_$i", $end, $PostgreSQL::Test::Utils::timeout_default, @{ $formats[$i] });
    is(found_in($lines), 'known', "what a client gets: @{$formats[$i]}");
}
for my $table (qw(changes errors shapes moved_keys)) {
    is(found_in(one_of($node, "SELECT c FROM bemi.$table c")), $table eq 'changes' ? 'known' : '', "the rows of bemi.$table");
}
is(found_in(one_of($node, q{
    SELECT h::text FROM bemi.history('excluded', 2) h UNION ALL SELECT b::text FROM bemi.blame('redacted', 2) b
    UNION ALL SELECT a::text FROM bemi.as_of(NULL::excluded, at => now() - interval '0 s') a WHERE a.id < 30
    UNION ALL SELECT r::text FROM bemi.revert(relation => 'redacted', dry_run => true) r})), 'known', 'what looking back shows');
is(found_in(one_of($node, 'SELECT a FROM pg_stat_activity a')), '', 'pg_stat_activity');
is(found_in(one_of($node, q{ANALYZE bemi.changes; SELECT s FROM pg_stats s WHERE schemaname = 'bemi'})), 'known', 'statistics of the store');
my ($dump) = run_command([ 'pg_dump', '--schema=bemi', '--data-only', $node->connstr('postgres') ]);
is(found_in($dump), 'known', 'a dump of the store');

# All files but the WAL, what PostgreSQL keeps of it while it decodes a large transaction, and the tables themselves
$node->stop;
is(found_in(slurp_file($node->logfile)), 'known', 'the server log');

$node->start;
my @own_files = split /\n/, one_of($node, q{
    SELECT pg_relation_filepath(c.oid) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')
    UNION SELECT pg_relation_filepath(c.reltoastrelid) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.reltoastrelid <> 0
    UNION SELECT pg_relation_filepath(i.indexrelid) FROM pg_class c JOIN pg_index i ON i.indrelid = c.reltoastrelid WHERE c.relnamespace = 'public'::regnamespace});
my @changes = split /\n/, one_of($node, q{SELECT pg_relation_filepath(partition) FROM bemi.partitions});
$node->stop;
my $own = join '|', map { quotemeta } @own_files;
my (@leaks, @known);
find({ no_chdir => 1, wanted => sub {
    my $path = $_;
    return if !-f $path || $path =~ m{/pg_wal/|/pg_replslot/.*\.spill$|/(?:$own)(?:\.\d+|_\w+)?$};
    my $found = found_in(slurp_file($path));
    push @leaks, $path if $found =~ /secret/;
    push @known, $path if $found =~ /known/;
} }, $node->data_dir);
is("@leaks", '', 'the files of the server');
ok(scalar(grep { my $file = $_; grep { $file =~ /\Q$_\E$/ } @changes } @known), '... among which the files of the store have what is not hidden');
done_testing();
