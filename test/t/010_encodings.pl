# Whatever the encoding of a database, the stream is JSON in UTF-8 with the right values.
use strict;
use warnings;
use utf8;
use Bemi;
use Encode qw(encode);
use Test::More;

my $node = server('main');

sub run_in {
    my ($database, $client_encoding, $sql) = @_;
    local $ENV{PGCLIENTENCODING} = $client_encoding;
    $node->safe_psql($database, encode('UTF-8', $sql));
}

my %words = (LATIN1 => 'Grüße, Ærøskøbing ½', EUC_JP => '寝る、食べる', UTF8 => 'Ж 寝 😀');

for my $encoding (sort keys %words) {
    my $word = $words{$encoding};
    my $database = lc $encoding;
    $node->safe_psql('postgres', "CREATE DATABASE $database ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
    run_in($database, 'UTF8', qq{
        CREATE EXTENSION bemi;
        CREATE TABLE "$word" (id int PRIMARY KEY, "c $word" text, j json, b jsonb, x xml);
        SELECT bemi.track('"$word"');
    });
    create_slot($node, $database, $database);
    run_in($database, 'UTF8', qq{
        SET bemi.context = '{"wo": "$word", "escaped": "\\u00e9"}';
        INSERT INTO "$word" VALUES (1, '$word', '{"k": "$word"}', '{"k": "$word"}', '<a>$word</a>') /*Bemi {"comment": "$word"} Bemi*/;
    });
    my ($change) = receive($node, $database, database => $database, 'include-tables' => 'public.*');
    is($change->{table}, $word, "$encoding: name of a table");
    is_deeply($change->{after}, { id => 1, "c $word" => $word, j => { k => $word }, b => { k => $word }, x => "<a>$word</a>" },
        "$encoding: values");
    is_deeply($change->{context}, { wo => $word, escaped => 'é', comment => $word }, "$encoding: context");

    run_in($database, 'UTF8', qq{UPDATE "$word" SET j = NULL});
    local $ENV{PGCLIENTENCODING} = 'UTF8';
    my $pattern = encode('UTF-8', 'public.' . $word =~ s/([ ,])/\\$1/gr);
    ($change) = receive($node, $database, database => $database, 'include-tables' => $pattern);
    is($change->{operation}, 'UPDATE', "$encoding: a name in an option is found");
}

# A context of characters that the encoding lacks can still be written with escapes.
run_in('latin1', 'UTF8', qq{SET bemi.context = '{"sleep": "\\u5bdd"}'; UPDATE "$words{LATIN1}" SET id = 2});
my ($change) = receive($node, 'latin1', database => 'latin1');
is_deeply($change->{context}, { sleep => '寝' }, 'LATIN1: escapes stand for any character');

# SQL_ASCII stores bytes, which may be no text at all.
$node->safe_psql('postgres', "CREATE DATABASE bytes ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
$node->safe_psql('bytes', q{CREATE EXTENSION bemi; CREATE TABLE todo (id int PRIMARY KEY, task text); SELECT bemi.track('todo')});
create_slot($node, 'bytes', 'bytes');
run_in('bytes', 'SQL_ASCII', q{INSERT INTO todo VALUES (1, 'é'), (2, E'caf\\xe9'), (3, E'\\xff\\x01'), (4, 'plain')});
my @changes = receive($node, 'bytes', database => 'bytes');
is(join(' ', map { $_->{primary_key} } @changes), '1 2 3 4', 'SQL_ASCII: every line is valid JSON');
is($changes[0]{after}{task}, 'é', 'SQL_ASCII: what is UTF-8 stays');
is($changes[3]{after}{task}, 'plain', 'SQL_ASCII: what is ASCII stays');
unlike($changes[1]{after}{task}, qr/\xe9/, 'SQL_ASCII: what is neither does not pass for something else');

done_testing();
