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

# A client that keeps what it got of prepared transactions learns what became of them, wherever the server was restarted,
# and whether or not it had acknowledged them.
sub ends {
    return join ', ', map { $_->{operation} . (exists $_->{gid} ? " $_->{gid}" : '') } @_;
}

# What comes up to now, again and again for as long as it is not acknowledged.
sub peek {
    return changes_in($node->safe_psql('postgres', q{
        SET logical_decoding_work_mem = '64kB';
        SELECT data FROM pg_logical_slot_peek_changes('kept', NULL, NULL, 'two-phase', 'on', 'stream', 'on')}) . "\n");
}

$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('kept', 'bemi', false, true)});
for my $acknowledge (0, 1) {
    for my $rows (1, 1000) {
        my $name = "$rows rows" . ($acknowledge ? ', acknowledged' : '');
        for my $end ('COMMIT', 'ROLLBACK') {
            $node->safe_psql('postgres', "BEGIN; INSERT INTO todo SELECT 1000 + i, repeat('x', 100) FROM generate_series(1, $rows) i;
                PREPARE TRANSACTION 'p'");
            $node->restart;
            like(ends(peek()), qr/, PREPARE p\z/, "$name: prepared");
            receive($node, 'kept', 'two-phase' => 'on', stream => 'on') if $acknowledge;
            $node->restart;
            $node->safe_psql('postgres', "$end PREPARED 'p'; DELETE FROM todo WHERE id > 1000");
            $node->restart;
            like(ends(peek()), qr/(?:^|, )$end PREPARED p(?:,|\z)/, "$name: $end PREPARED comes");
            my $changes = grep { $_->{operation} eq 'CREATE' } peek();
            is($changes, $end eq 'COMMIT' ? $rows : 0, "$name: $end PREPARED: the changes come again if they are wanted")
                unless $acknowledge;
            $node->safe_psql('postgres', q{SELECT pg_replication_slot_advance('kept', pg_current_wal_lsn())});
        }
    }
}

done_testing();
