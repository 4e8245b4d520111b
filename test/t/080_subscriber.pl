# Replication from another server: its messages are not replayed, so nobody there speaks for the server here. What the apply worker
# writes has an origin, and the facts about it are attested all the same.
use strict;
use warnings;
use Bemi;
use Test::More;

my $publisher = server('publisher');
my $subscriber = server('subscriber', q{bemi.capture = 'session_user'});
create_todo($_) for $publisher, $subscriber;
create_slot($subscriber, 's');
$publisher->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLE todo');
# Decoding reads only what is on disk: what is applied must be.
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION p CONNECTION '$connection' PUBLICATION p WITH (synchronous_commit = on)");
$subscriber->wait_for_subscription_sync($publisher, 'p') if $subscriber->can('wait_for_subscription_sync');

$publisher->safe_psql('postgres', q{
    BEGIN;
    SET LOCAL bemi.context = '{"there": 1}';
    INSERT INTO todo VALUES (1, 'Sleep');
    SELECT pg_logical_emit_message(true, '_bemi', '{"there": 2}'), pg_logical_emit_message(true, '_bemi_facts', '{"session_user": "ceo"}');
    UPDATE todo SET task = 'Nap';
    COMMIT;
});
$publisher->wait_for_catchup('p');

my @lines = changes_in($subscriber->safe_psql('postgres', q{SELECT data FROM pg_logical_slot_peek_changes('s', NULL, NULL,
    'format-version', '2', 'include-origin', 'on', 'include-transaction', 'off')}) . "\n");
is(join(' ', map { $_->{action} . ($_->{origin} > 0 ? ' applied' : ' local') } @lines), 'I applied U applied', 'what is applied keeps its origin');
my $owner = one_of($subscriber, 'SELECT session_user');
is(brief(receive($subscriber, 's')),
    qq(CREATE 1 {"pg":{"session_user":"$owner"}}\nUPDATE 1 {"pg":{"session_user":"$owner"}}),
    'and has the facts of this server only');
done_testing();
