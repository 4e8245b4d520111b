# Prepared transactions: the contexts are right, and each change comes once.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main', 'max_prepared_transactions = 10');
create_todo($node);

sub prepare {
    my ($id) = @_;
    $node->safe_psql('postgres', qq{
        BEGIN;
        SET LOCAL bemi.context = '{"user_id": $id}';
        INSERT INTO todo VALUES ($id, 'Sleep');
        SAVEPOINT a;
        SET LOCAL bemi.context = '{"rolled": "back"}';
        UPDATE todo SET task = 'never' WHERE id = $id;
        ROLLBACK TO a;
        SET LOCAL bemi.context = '{"user_id": $id, "again": true}';
        UPDATE todo SET task = 'Nap' WHERE id = $id;
        PREPARE TRANSACTION 'p$id';
    });
}

sub expected {
    my ($id) = @_;
    return qq(CREATE $id {"user_id":$id}\nUPDATE $id {"again":true,"user_id":$id});
}

sub with_context {
    my ($id, $end) = @_;
    $node->safe_psql('postgres', qq{SET bemi.context = '{"who": "ends it"}'; $end PREPARED 'p$id'});
}

$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('plain', 'bemi')});
$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('two_phase', 'bemi', false, true)});

for my $slot (qw(plain two_phase)) {
    my $base = $slot eq 'plain' ? 0 : 100;

    prepare($base + 1);
    my $at_prepare = brief(news(receive($node, $slot)));
    with_context($base + 1, 'COMMIT');
    my $at_commit = brief(news(receive($node, $slot)));
    is(join("\n", grep { $_ ne '' } $at_prepare, $at_commit), expected($base + 1), "$slot: PREPARE, then COMMIT PREPARED");
    is($at_prepare, '', "$slot: nothing comes before it is committed");

    prepare($base + 2);
    prepare($base + 3);
    with_context($base + 3, 'COMMIT');
    with_context($base + 2, 'ROLLBACK');
    is(brief(news(receive($node, $slot))), expected($base + 3), "$slot: what is rolled back does not come");

    prepare($base + 4);
    $node->restart;
    is(brief(news(receive($node, $slot))), '', "$slot: nothing of a prepared transaction after a restart");
    with_context($base + 4, 'COMMIT');
    is(brief(news(receive($node, $slot))), expected($base + 4), "$slot: it comes when it is committed after the restart");
    news(receive($node, 'two_phase'));
}

done_testing();
