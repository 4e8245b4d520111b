# Whatever the encoding of a database, the stream is JSON in UTF-8 with the right values.
use strict;
use warnings;
use utf8;
use Bemi;
use Encode qw(decode encode);
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

# The store, in each of these databases.
for my $database ('bytes', map { lc } keys %words) {
    $node->safe_psql($database, q{
        SELECT bemi.start();
        CREATE TABLE doc (id int PRIMARY KEY, body json);
        SELECT bemi.track('doc');
    });
}

sub stored {
    my ($database, $count, $sql) = @_;
    $node->poll_query_until($database, "SELECT count(*) >= $count FROM bemi.changes")
        or BAIL_OUT("there are no $count changes");
    local $ENV{PGCLIENTENCODING} = $database eq 'bytes' ? 'SQL_ASCII' : 'UTF8';
    return decode('UTF-8', one_of($node, $sql, $database));
}

for my $encoding (sort keys %words) {
    my $word = $words{$encoding};
    run_in(lc $encoding, 'UTF8', qq{
        SET bemi.context = '{"wo": "$word"}';
        INSERT INTO "$word" VALUES (7, '$word', '{"k": "$word"}', '{"k": "$word"}', '<a>$word</a>');
        SET bemi.context = '{"escaped": "\\u0041"}';
        INSERT INTO doc VALUES (1, '{"$word": "\\u0000"}'), (2, '{"$word": 2}');
    });
    is(stored(lc $encoding, 3, q{SELECT concat_ws('|', "table", after ->> ('c ' || "table"), after -> 'j' ->> 'k', after -> 'b' ->> 'k', after ->> 'x',
        context ->> 'wo') FROM bemi.changes WHERE primary_key = '7'}), join('|', $word, $word, $word, $word, "<a>$word</a>", $word),
        "$encoding: what is stored is the value");
    is(stored(lc $encoding, 3, q{SELECT after -> 'body', context FROM bemi.changes WHERE "table" = 'doc' ORDER BY primary_key}),
        qq("{\\"$word\\": \\"\\\\u0000\\"}"|{"escaped": "A"}\n{"$word": 2}|{"escaped": "A"}), "$encoding: what no jsonb can hold is stored as text");
    is(stored(lc $encoding, 3, q{SELECT "table", sqlstate, stored_as FROM bemi.errors}), 'doc|22P05|after."body" as text',
        "$encoding: which is in bemi.errors");
}

run_in('bytes', 'SQL_ASCII', q{
    INSERT INTO todo VALUES (11, 'é'), (12, E'caf\\xe9'), (13, E'\\xff\\x01'), (14, 'plain');
    SET bemi.context = '{"k": "é\u5bdd\ud83d\ude00"}';
    INSERT INTO doc VALUES (15, '{"a": "\u5bdd \ud83d\ude00 \\\\u00e9 é"}'), (16, '{"a": "\ud83d"}');
});
is(stored('bytes', 5, q{SELECT primary_key, coalesce(after ->> 'task', after -> 'body' ->> 'a'), context FROM bemi.changes
    WHERE primary_key NOT IN ('12', '13', '16') ORDER BY primary_key}), <<'END' =~ s/\n\z//r, 'SQL_ASCII: what is UTF-8 is stored');
11|é|{}
14|plain|{}
15|寝 😀 \u00e9 é|{"k": "é寝😀"}
END
is(stored('bytes', 6, q{SELECT count(*) FROM bemi.changes WHERE primary_key IN ('12', '13')}), 2, 'SQL_ASCII: what is not is stored somehow');
is(stored('bytes', 6, q{SELECT "table", sqlstate, stored_as FROM bemi.errors}), 'doc|22P02|after."body" as text', 'SQL_ASCII: half a character is, as text');

# What the encoding lacks is stored as text, in the context too, whether it is in a value or a key.
run_in('latin1', 'UTF8', qq{SET bemi.context = '{"sleep": "\\u5bdd", "\\u5bdd": 1, "all": "right"}'; INSERT INTO doc VALUES (3, '{}'); RESET bemi.context; INSERT INTO doc VALUES (4, '{}')});
is(stored('latin1', 5, q{SELECT primary_key, context FROM bemi.changes WHERE "table" = 'doc' AND primary_key > '2' ORDER BY primary_key}),
    qq(3|{"all": "right", "sleep": "\\"\\\\u5bdd\\"", "\\\\u5bdd": "1"}\n4|{}), 'LATIN1: a context with other characters');
is(stored('latin1', 5, q{SELECT sqlstate, stored_as FROM bemi.errors ORDER BY stored_as}), <<'END' =~ s/\n\z//r, 'LATIN1: which is in bemi.errors');
22P05|after."body" as text
22P05|context."sleep" as text, context."\u5bdd" as text
END

done_testing();
