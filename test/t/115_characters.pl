# Every character of the encodings that a server can have (all of them in the long run) arrives as the one
# that it is in Unicode; one that has no equivalent there arrives as U+FFFD.
use strict;
use warnings;
use utf8;
use Bemi;
use Test::More;

my $node = server('main', 'fsync = off');

# A database with a table of all its characters, a code point or sequence of bytes each, in texts of up to 500.
sub create_database {
    my ($database, $encoding) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $database ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
    create_slot($node, $database, $database);
    $node->safe_psql($database, q{
        CREATE TABLE characters (id int PRIMARY KEY, text text);
        CREATE FUNCTION is_character(bytes bytea) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            RETURN length(convert_from(bytes, getdatabaseencoding())) = 1;
        EXCEPTION WHEN character_not_in_repertoire THEN
            RETURN false;
        END $$;
        CREATE FUNCTION utf8(text) RETURNS text LANGUAGE plpgsql AS $$
        DECLARE
            bytes CONSTANT bytea = convert_to($1, getdatabaseencoding());
        BEGIN
            RETURN encode(CASE WHEN get_byte(bytes, 0) < 128 THEN bytes ELSE convert_to($1, 'UTF8') END, 'hex');
        EXCEPTION WHEN untranslatable_character OR undefined_function THEN -- MULE_INTERNAL cannot be converted
            RETURN 'efbfbd';
        END $$;
    });
}

# All sequences of bytes that may be a character, as SQL. Of more than two bytes, only some.
my $candidates = q{
    SELECT set_byte('\x00', 0, a) FROM generate_series(1, 255) a
    UNION ALL SELECT set_byte(set_byte('\x0000', 0, a), 1, b) FROM generate_series(128, 255) a, generate_series(128, 255) b
    UNION ALL SELECT set_byte(set_byte(set_byte('\x000000', 0, a), 1, b), 2, c)
        FROM generate_series(128, 157) a, generate_series(161, 255, 3) b, generate_series(161, 255) c
    UNION ALL SELECT set_byte(set_byte(set_byte(set_byte('\x00000000', 0, a), 1, b), 2, c), 3, d)
        FROM (VALUES (142), (156), (157)) x (a), generate_series(161, 255, 13) b, generate_series(161, 255, 5) c, generate_series(161, 255, 2) d
};

# The texts of the table as the server converts them, or what stands for them.
sub expected_texts {
    my ($database) = @_;
    my $texts = $node->safe_psql($database, q{
        SELECT string_agg(utf8(substr(text, n, 1)), '' ORDER BY n)
        FROM characters, generate_series(1, length(text)) n GROUP BY id ORDER BY id});
    return map { my $bytes = pack('H*', $_); utf8::decode($bytes) or die "not UTF-8: $_"; $bytes } split /\n/, $texts;
}

sub received_texts {
    my ($database) = @_;
    return map { $_->{after}{text} } receive($node, $database, database => $database, 'include-tables' => 'public.characters');
}

sub is_same {
    my ($found, $expected, $name) = @_;
    my ($difference) = grep { ($found->[$_] // '') ne ($expected->[$_] // '') } 0 .. $#$expected;
    is(scalar @$found, scalar @$expected, "$name: all texts");
    is(defined $difference ? $found->[$difference] : '', defined $difference ? $expected->[$difference] : '', "$name: all characters");
}

my @encodings = $ENV{BEMI_LONG}
    ? split /\n/, $node->safe_psql('postgres', q{
        SELECT name FROM generate_series(0, 34) i, pg_encoding_to_char(i) name WHERE name NOT IN ('', 'UTF8', 'SQL_ASCII') ORDER BY i})
    : qw(LATIN1 WIN1252 EUC_JP EUC_TW MULE_INTERNAL);
note(join ' ', @encodings);

for my $encoding (@encodings) {
    my $database = 'db_' . lc $encoding;
    create_database($database, $encoding);
    $node->safe_psql($database, qq{
        INSERT INTO characters
        SELECT n / 500, string_agg(convert_from(bytes, getdatabaseencoding()), '' ORDER BY n)
        FROM (SELECT row_number() OVER (), bytes FROM ($candidates) x (bytes) WHERE is_character(bytes)) c (n, bytes) GROUP BY 1 ORDER BY 1;
    });
    is_same([ received_texts($database) ], [ expected_texts($database) ], $encoding);
    $node->safe_psql($database, "SELECT pg_drop_replication_slot('$database')");
    $node->safe_psql('postgres', "DROP DATABASE $database");
}

create_database('db_utf8', 'UTF8');
$node->safe_psql('db_utf8', q{
    INSERT INTO characters
    SELECT n / 500, string_agg(chr(n), '' ORDER BY n) FROM generate_series(1, x'10FFFF'::int) n WHERE n NOT BETWEEN x'D800'::int AND x'DFFF'::int GROUP BY 1 ORDER BY 1;
});
my %texts;
$texts{ int($_ / 500) } .= chr foreach 1 .. 0xD7FF, 0xE000 .. 0x10FFFF;
is_same([ received_texts('db_utf8') ], [ map { $texts{$_} } sort { $a <=> $b } keys %texts ], 'UTF8');

done_testing();
