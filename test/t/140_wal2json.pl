# format=wal2json writes, line by line, what wal2json writes, with the context added; but for the deviations that
# docs/wal2json.md lists, each of which is shown here.
use strict;
use warnings;
use utf8;
use Bemi;
use Encode qw(decode encode);
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my ($libraries) = run_command([ 'pg_config', '--pkglibdir' ]);
plan skip_all => 'wal2json is not installed' unless -e "$libraries/wal2json.so";

my $node = server('main', 'autovacuum = off', 'timezone = UTC');
my $json = JSON::PP->new->allow_nonref;

# Both plugins' lines from two slots at the same position, and where they differ when the context is taken out. What
# only one of them has is filtered: the messages of bemi, and bemi's own tables.
my $compare = <<'END';
CREATE FUNCTION public.theirs(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT data FROM pg_logical_slot_peek_changes('theirs', NULL, NULL, VARIADIC
        '{format-version,2,filter-tables,bemi.*,filter-msg-prefixes,_bemi}'::text[] || options)
    WHERE data !~ '"prefix": ?"_bemi_table"'
$$;
CREATE FUNCTION public.ours(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT data FROM pg_logical_slot_peek_changes('ours', NULL, NULL, VARIADIC '{format,wal2json}'::text[] || options)
$$;
CREATE FUNCTION public.differences(VARIADIC options text[] DEFAULT '{}') RETURNS TABLE (theirs text, ours text) LANGUAGE sql AS $$
    SELECT t.line, o.line
    FROM theirs(VARIADIC options) WITH ORDINALITY AS t (line, n)
    FULL JOIN (SELECT regexp_replace(line, ',"context":\{[^{}]*\}\}$', '}') AS line, n FROM ours(VARIADIC options) WITH ORDINALITY AS o (line, n)) AS o USING (n)
    WHERE t.line IS DISTINCT FROM o.line ORDER BY n
$$;
END

sub make_slots {
    my ($database) = @_;
    $node->safe_psql($database, q{
        SELECT pg_create_logical_replication_slot('theirs', 'wal2json'), pg_create_logical_replication_slot('ours', 'bemi')});
}

sub make_database {
    my ($name, $encoding) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $name ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
    $node->safe_psql($name, "CREATE EXTENSION bemi; $compare");
    make_slots($name);
}

sub drop_slots {
    $node->safe_psql('postgres', "SELECT pg_drop_replication_slot(slot) FROM unnest('{theirs,ours}'::name[]) AS slot");
}

# A list of SQL literals.
sub literals {
    return join ', ', map { "\$option\$$_\$option\$" } @_;
}

sub is_same {
    my ($database, $settings, @options) = @_;
    my $differences = $node->safe_psql($database, "$settings; SELECT * FROM public.differences(" . literals(@options) . ')');
    is($differences, '', "the same lines with ($settings) @options");
}

# Version 1, which clients get that give neither format nor version: bemi writes an object for each change, wal2json one
# for each transaction, here in pieces.
sub is_same_in_version_1 {
    my ($database, @options) = @_;
    my @theirs = grep { !/^(?:\{"change":\[|\]\})$/ } lines_of($database, 'theirs', 'format-version', '1', 'write-in-chunks', 'on', @options);
    my $ours = $node->safe_psql($database, "SELECT data FROM pg_logical_slot_peek_changes('ours', NULL, NULL, " . literals(@options) . ')');
    my @ours = map { s/,"context":\{[^{}]*\}\}\]\}$/}]}/r } split /\n/, decode('UTF-8', $ours);
    die 'there is nothing to compare' unless @ours;
    is_deeply(\@ours, [ map { /^\{"change"/ ? $_ : '{"change":[' . s/^,//r . ']}' } @theirs ], "the same in version 1 with @options");
}

# The lines of one plugin.
sub lines_of {
    my ($database, $plugin, @options) = @_;
    return split /\n/, decode('UTF-8', $node->safe_psql($database, "SELECT public.$plugin(" . literals(@options) . ')'));
}

#
# Operations, with all options and all pairs of them
#

make_database('operations', 'UTF8');
my $operations = slurp_file("$ENV{TESTDIR}/test/t/140_wal2json.sql");
$operations =~ s/^MERGE .*?;\n//ms if $node->pg_version < 15;
$node->safe_psql('operations', $operations);

my @options = (
    [ 'include-transaction', 'off' ], [ 'include-transaction', 'true' ], [ 'include-xids', 'on' ],
    [ 'include-timestamp', 'yes' ], [ 'include-origin', '1' ], [ 'include-lsn', 't' ], [ 'include-schemas', 'F' ],
    [ 'include-types', 'of' ], [ 'include-typmod', 'off' ], [ 'include-type-oids', 'ON' ],
    [ 'include-domain-data-type', 'TRUE' ], [ 'include-not-null', 'on' ], [ 'include-column-positions', 'on' ],
    [ 'include-default', 'on' ], [ 'include-pk', 'on' ], [ 'pretty-print', 'on' ], [ 'write-in-chunks', 'on' ],
    (map { [ 'add-tables', $_ ] } 'public.by_key', "public.by_key,other.*,\t*.columns ", '*.by_key', 'public.*', '*.*', 'public.by_*',
        '*.\*', '\*.*', 'Odd\ "schema".a.b', 'Odd\ \"schema\".a\.b , Odd\ "schema".a\ b,Odd\ "schema".a\,b,Odd\ "schema".x\\\\y', '', ' '),
    (map { [ 'filter-tables', $_ ] } 'public.*', '*.*', '*.by_full , public.typed', '\*.t', ''),
    (map { [ 'actions', $_ ] } 'insert', 'update, delete', 'delete', 'truncate', ''),
    (map { [ 'filter-origins', $_ ] } '1', '1 , 2', '0', ''),
    (map { [ 'add-msg-prefixes', $_ ] } 'audit', 'audit\ 2', 'audit, a"b', 'a\,b', 'a\b', 'a*', '*', ''),
    (map { [ 'filter-msg-prefixes', $_ ] } 'audit', 'audit , a*', ''),
);

sub pairs_of {
    my @pairs;
    for my $i (0 .. $#_) {
        push @pairs, map { [ @{ $_[$i] }, @{ $_[$_] } ] } $i + 1 .. $#_;
    }
    return @pairs;
}

# One session for all of them.
sub differing_options {
    my @sets = @_;
    my @queries = map {
        my $all = literals(@$_);
        "SELECT array[$all], count(*) FROM public.differences($all) HAVING count(*) > 0;"
    } @sets;
    return $node->safe_psql('operations', join "\n", 'SET client_min_messages = error;', @queries);
}

cmp_ok(scalar lines_of('operations', 'ours'), '>', 500, 'there is something to compare');
is_same('operations', 'RESET ALL');
is(differing_options(@options), '', 'the same lines with each option');
is(differing_options(pairs_of(@options)), '', 'the same lines with each pair of options');
is(differing_options([ map { @$_ } grep { $_->[0] =~ /^include-(?!transaction|schemas|types)/ } @options ]), '',
    'the same lines with all that can be included');
is_same('operations', 'SET search_path = another, public', 'include-default', 'on');

is_same_in_version_1('operations', @$_)
    for [ 'add-tables', '*.*' ], [ 'add-tables', 'public.by_key,other.*' ], [ 'filter-tables', 'public.*' ], [ 'actions', 'update,delete,truncate' ],
    [ 'include-types', 'off' ], [ 'include-schemas', 'off', 'include-types', 'on' ], [ 'add-msg-prefixes', 'audit' ], [ 'filter-msg-prefixes', 'audit' ], [ 'filter-origins', '1' ];

# What the lines have, and in which place
my @ours = map { $json->decode($_) } lines_of('operations', 'ours');
is(join(' ', sort { $a cmp $b } keys %{ { map { $_->{action} => 1 } @ours } }), 'B C D I M T U', 'all kinds of lines');
is((grep { exists $_->{context} xor $_->{action} =~ /[IUDT]/ } @ours), 0, 'changes have a context, other lines have none');
is((grep { /"context"/ && !/,"context":\{[^{}]*\}\}$/ } lines_of('operations', 'ours')), 0, 'the context is the last key');
is(join(' ', map { "$_->{action} " . JSON::PP->new->canonical->encode($_->{context}) }
        map { $json->decode($_) } lines_of('operations', 'ours', 'add-tables', 'public.todo', 'include-transaction', 'off', 'add-msg-prefixes', '-')),
    'I {"user_id":1} I {"user_id":1} U {"comment":true,"user_id":1} D {"user_id":1} D {} T {"truncated":true}', 'contexts');

is($node->safe_psql('operations', "SELECT data FROM pg_logical_slot_peek_changes('ours', NULL, NULL, 'add-tables', 'public.todo', 'add-msg-prefixes', '-')"),
    <<'END' =~ s/\n\z//r, 'version 1 with contexts');
{"change":[{"kind":"insert","schema":"public","table":"todo","columnnames":["id","task"],"columntypes":["integer","text"],"columnvalues":[1,"Sleep"],"context":{"user_id": 1}}]}
{"change":[{"kind":"insert","schema":"public","table":"todo","columnnames":["id","task"],"columntypes":["integer","text"],"columnvalues":[2,"Eat"],"context":{"user_id": 1}}]}
{"change":[{"kind":"update","schema":"public","table":"todo","columnnames":["id","task"],"columntypes":["integer","text"],"columnvalues":[1,"Nap"],"oldkeys":{"keynames":["id","task"],"keytypes":["integer","text"],"keyvalues":[1,"Sleep"]},"context":{"user_id":1,"comment":true}}]}
{"change":[{"kind":"delete","schema":"public","table":"todo","oldkeys":{"keynames":["id","task"],"keytypes":["integer","text"],"keyvalues":[2,"Eat"]},"context":{"user_id": 1}}]}
{"change":[{"kind":"delete","schema":"public","table":"todo","oldkeys":{"keynames":["id","task"],"keytypes":["integer","text"],"keyvalues":[1,"Nap"]},"context":{}}]}
END

my (undef, undef, $warnings) = $node->psql('operations', "SELECT public.ours('add-tables', 'public.no_key,public.by_nothing,public.late_key')");
is($warnings =~ s/^psql:.*?: (?=WARNING)//gmr, join("\n", map {
        (qq{WARNING:  leaving out updates and deletes of table "public.$_"}, 'DETAIL:  The table had no replica identity at the time of these changes.',
         'HINT:  Set one with ALTER TABLE ... REPLICA IDENTITY.')
    } qw(by_nothing no_key late_key)), 'one warning for a table without identity');

# The same through a walsender, where the settings are those of its session
sub streamed {
    my ($slot, %options) = @_;
    my $end = $node->safe_psql('operations', 'SELECT pg_current_wal_lsn()');
    return scalar $node->pg_recvlogical_upto('operations', $slot, $end, $PostgreSQL::Test::Utils::timeout_default, %options);
}

{
    local $ENV{PGTZ} = 'Asia/Kathmandu';
    local $ENV{PGDATESTYLE} = 'German';
    my %all = map { $_ => 'on' } qw(include-xids include-timestamp include-origin include-lsn include-pk include-default);
    my $theirs = streamed('theirs', 'format-version' => 2, 'filter-tables' => 'bemi.*', 'filter-msg-prefixes' => '_bemi,_bemi_table', %all);
    my $ours = streamed('ours', 'format' => 'wal2json', 'batch-size' => 8192, %all);
    like($ours, qr/"timestamp":"[^"]*\+05:45"/, 'a walsender follows the time zone of its session');
    is($ours =~ s/,"context":\{[^{}]*\}\}$/}/gmr, $theirs, 'the same lines from a walsender');
}
drop_slots();

#
# Values of all types, under several settings
#

make_database('types', 'UTF8');
my ($types) = slurp_file("$ENV{TESTDIR}/test/sql/decode_types.sql") =~ /\A(.*?)^-- The comparison$/ms;
$types =~ s/^select .* pg_create_logical_replication_slot.*$//m;
$node->safe_psql('types', $types);
cmp_ok(scalar lines_of('types', 'ours', 'include-transaction', 'off'), '>', 400, 'there are values to compare');
is_same('types', 'RESET ALL');
is_same('types', 'RESET ALL', 'include-domain-data-type', 'on', 'include-type-oids', 'on', 'include-default', 'on');
is_same('types', 'SET search_path = decode_types, public');
is_same_in_version_1('types', 'add-tables', '*.*');
is_same('types', "SET datestyle = 'German'; SET timezone = 'Asia/Kathmandu'; SET intervalstyle = 'iso_8601'");
is_same('types', "SET datestyle = 'SQL, DMY'; SET timezone = 'America/St_Johns'; SET intervalstyle = 'sql_standard'");
is_same('types', "SET datestyle = 'Postgres'; SET timezone = '<-03:30>+3:30'; SET intervalstyle = 'postgres_verbose'");
is_same('types', "SET extra_float_digits = $_") for -15, 0, 3;
drop_slots();

#
# Deviations
#

$node->stop;
$node->command_ok([ 'pg_resetwal', '--next-oid', '3000000000', $node->data_dir ], 'type oids beyond 2^31');
$node->start;
make_database('deviations', 'UTF8');

# What both plugins write at last, without what is the same in all changes, after the SQL has run.
sub last_lines {
    my ($sql, @options) = @_;
    $node->safe_psql('deviations', $sql);
    my @lines = map { (lines_of('deviations', $_, 'include-transaction', 'off', @options))[-1] } 'theirs', 'ours';
    return map { s/,"context":\{\}\}$/}/r =~ s/^\{"action":"I","schema":"public","table":"t","columns":\[(.*)\]\}$/$1/r } @lines;
}

# The same for a row of a table with one column.
sub last_columns {
    my ($type, $value, @options) = @_;
    return last_lines("DROP TABLE IF EXISTS t; CREATE TABLE t (a $type); INSERT INTO t VALUES ($value)", 'add-tables', 'public.t', @options);
}

my ($theirs, $ours) = last_columns(q{text DEFAULT '"x\y"'}, q{'v'}, 'include-default', 'on');
is($theirs, q({"name":"a","type":"text","value":"v","default":"'"x\y"'::text"}), 'wal2json: a default with quotes is not JSON');
is($ours, q({"name":"a","type":"text","value":"v","default":"'\"x\\\\y\"'::text"}), 'bemi: it is');

$node->safe_psql('deviations', 'CREATE SCHEMA "Odd"');
for ([ '"a""b"', '"a\"b"' ], [ '"a\b"', '"a\\\\b"' ], [ '"Odd"."Type"', '"\"Odd\".\"Type\""' ], [ '"Odd".type', '"\"Odd\".type"' ]) {
    my ($type, $escaped) = @$_;
    $node->safe_psql('deviations', "CREATE TYPE $type AS ENUM ('v')");
    ($theirs, $ours) = last_columns($type, q{'v'});
    is($theirs, qq({"name":"a","type":$type,"value":"v"}), "wal2json: the name of type $type is written as it is");
    is($ours, qq({"name":"a","type":$escaped,"value":"v"}), 'bemi: it is escaped');
}

($theirs, $ours) = last_columns('"a""b"', q{'v'}, 'include-types', 'off', 'include-type-oids', 'on');
like($theirs, qr/"typeoid":-\d+,/, 'wal2json: the oid of a type is negative beyond 2^31');
like($ours, qr/"typeoid":3\d{9},/, 'bemi: it is not');

$node->safe_psql('deviations', q{ALTER DATABASE deviations SET bytea_output = 'escape'});
($theirs, $ours) = last_columns('bytea', q{'\x61006362'}, 'include-types', 'off');
is($theirs, '{"name":"a","value":"000cb"}', 'wal2json: loses two characters where bytea_output is escape');
is($ours, '{"name":"a","value":"61006362"}', 'bemi: always writes hex');
$node->safe_psql('deviations', 'ALTER DATABASE deviations RESET bytea_output');

($theirs, $ours) = last_lines(q{SELECT pg_logical_emit_message(true, 'p', '\x61620063'::bytea)});
is($theirs, '{"action":"M","transactional":true,"prefix":"p","content":"ab"}', 'wal2json: a message ends at a NUL');
is($ours, '{"action":"M","transactional":true,"prefix":"p","content":"\\\\x61620063"}', 'bemi: it is whole, in hex');

$node->safe_psql('deviations', q{SELECT bemi.track('t'); SELECT pg_logical_emit_message(true, '_bemi', '{"user_id":1}')});
unlike(join("\n", lines_of('deviations', 'ours', 'add-msg-prefixes', '_bemi')), qr/_bemi/, 'bemi: contexts are no messages');
unlike(join("\n", lines_of('deviations', 'ours')), qr/"schema":"bemi"/, q{bemi: its own tables do not appear});

# Numbers as strings, which wal2json can from 2.6 on
my @numbers = ('numeric-data-types-as-string', 'on', 'include-types', 'off', 'add-tables', 'public.numbers', 'add-msg-prefixes', '-', 'include-transaction', 'off');
$node->safe_psql('deviations', q{
    CREATE TABLE numbers (a int2, b int4, c int8, d oid, e float4, f float8, g numeric, h numeric, i money, j bool, k int[]);
    INSERT INTO numbers VALUES (-1, 2, 9223372036854775807, 4000000000, 0.1, '-Infinity', 'NaN', 1.50, 1.5, true, '{1}')});
is(join("\n", lines_of('deviations', 'ours', @numbers)), '{"action":"I","schema":"public","table":"numbers","columns":[{"name":"a","value":"-1"},{"name":"b","value":"2"},' .
    '{"name":"c","value":"9223372036854775807"},{"name":"d","value":"4000000000"},{"name":"e","value":"0.1"},{"name":"f","value":"-Infinity"},{"name":"g","value":"NaN"},' .
    '{"name":"h","value":"1.50"},{"name":"i","value":"$1.50"},{"name":"j","value":true},{"name":"k","value":"{1}"}],"context":{}}', 'numbers as strings');
SKIP: {
    skip 'this version of wal2json has no numbers as strings', 1 if $node->psql('deviations', 'SELECT public.theirs(' . literals(@numbers) . ')') != 0;
    is_same('deviations', 'RESET ALL', @numbers);
}

# Bad values: what wal2json refuses is refused, and a few more
for ([ 'include-xids', '2' ], [ 'include-lsn', '' ], [ 'add-tables', 'todo' ], [ 'add-tables', 'a.b,' ], [ 'add-tables', ',a.b' ],
    [ 'filter-tables', 'a.b c.d' ], [ 'actions', 'create' ], [ 'actions', 'INSERT' ], [ 'actions', 'insert,' ], [ 'format-version', '0' ],
    [ 'format-version', '3' ], [ 'format-version', 'two' ], [ 'include-unchanged-toast', 'on' ], [ 'no-such-option', 'on' ]) {
    isnt($node->psql('deviations', 'SELECT public.theirs(' . literals(@$_) . ')'), 0, "wal2json refuses @$_");
    isnt($node->psql('deviations', 'SELECT public.ours(' . literals(@$_) . ')'), 0, 'bemi too');
}
for ([ 'format-version', '1' ], [ 'filter-origins', 'one' ], [ 'add-tables', 'a.b\\' ], [ 'operations', 'create' ], [ 'include-tables', '*.*' ]) {
    my (undef, undef, $errors) = $node->psql('deviations', '\set VERBOSITY sqlstate' . "\nSELECT public.ours(" . literals(@$_) . ')');
    like($errors, qr/ERROR:  22023/, "bemi refuses @$_");
}
drop_slots();

# Other encodings: the same JSON, but valid and in UTF-8 also where the client gets the bytes as they are
make_database('latin1', 'LATIN1');
$node->safe_psql('latin1', encode('UTF-8', q{
    SET client_encoding = 'UTF8';
    CREATE TABLE "größe" ("schlüssel" text PRIMARY KEY);
    INSERT INTO "größe" VALUES ('ærø');
    SELECT pg_logical_emit_message(true, 'é', 'ü')}));
{
    local $ENV{PGCLIENTENCODING} = 'UTF8';
    my @theirs = map { $json->decode($_) } lines_of('latin1', 'theirs');
    my @ours = map { $json->decode($_) } lines_of('latin1', 'ours');
    delete $_->{context} for @ours;
    is_deeply(\@ours, \@theirs, 'LATIN1: the same values');
}
my $bytes = $node->pg_recvlogical_upto('latin1', 'ours', $node->safe_psql('latin1', 'SELECT pg_current_wal_lsn()'),
    $PostgreSQL::Test::Utils::timeout_default, format => 'wal2json');
unlike($bytes, qr/[^\x00-\x7f]/, 'LATIN1: bemi writes ASCII');

done_testing();
