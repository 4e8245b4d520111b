# Changes made before a restart or a crash are in the stream after it.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main');
create_todo($node);
create_slot($node, 's');

sub insert {
    my ($id) = @_;
    $node->safe_psql('postgres', qq{
        BEGIN;
        SET LOCAL bemi.context = '{"step": $id}';
        INSERT INTO todo VALUES ($id, 'one');
        SAVEPOINT a;
        SET LOCAL bemi.context = '{"rolled": "back"}';
        DELETE FROM todo;
        ROLLBACK TO a;
        UPDATE todo SET task = 'two' WHERE id = $id;
        COMMIT;
    });
}

sub changes_of {
    my ($id) = @_;
    return qq(CREATE $id {"step":$id}\nUPDATE $id {"step":$id});
}

insert(1);
$node->restart;
is(brief(news(receive($node, 's'))), changes_of(1), 'restart between writing and reading');

insert(2);
$node->stop('immediate');
$node->start;
is(brief(news(receive($node, 's'))), changes_of(2), 'crash between writing and reading');

insert(3);
insert(4);
my $peek = q{SELECT data FROM pg_logical_slot_peek_changes('s', NULL, NULL)};
my @before = changes_in(one_of($node, $peek) . "\n");
$node->stop('immediate');
$node->start;
insert(5);
my @after = receive($node, 's');
is(brief(news(@before)), join("\n", map { changes_of($_) } 3, 4), 'two transactions are only peeked at before a crash');
my %again = map { $_->{id} => 1 } @after;
is(scalar(grep { $again{ $_->{id} } } @before), 4, 'after it they come with the same ids');
is(brief(news(@after)), changes_of(5), 'and what was made since');

# A client is attached when the server stops.
my $client = attach($node, 's');
insert(6);
wait_for_changes($client, 2);
$node->restart;
$client->{process}->finish;
insert(7);
is(brief(news(changes_in($client->{lines}), receive($node, 's'))), join("\n", map { changes_of($_) } 6, 7),
    'restart under an attached client');

done_testing();
