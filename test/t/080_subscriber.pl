# Replication from another server: its messages are not replayed, so nobody there speaks for the server here. What the apply worker
# writes has an origin, and the facts about it are attested all the same.
use strict;
use warnings;
use Bemi;
use Test::More;

my $publisher = server('publisher');
my $subscriber = server('subscriber', q{bemi.capture = 'session_user'}, 'bemi.require_context = error');
create_todo($_) for $publisher, $subscriber;
$_->safe_psql('postgres', q{CREATE TABLE copied (id int PRIMARY KEY); SELECT bemi.track('copied')}) for $publisher, $subscriber;
$publisher->safe_psql('postgres', 'INSERT INTO copied VALUES (1)');
create_slot($subscriber, 's');
$publisher->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLE todo, copied');
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
    'format-version', '2', 'include-origin', 'on', 'include-transaction', 'off', 'add-tables', 'public.todo')}) . "\n");
is(join(' ', map { $_->{action} . ($_->{origin} > 0 ? ' applied' : ' local') } @lines), 'I applied U applied', 'what is applied keeps its origin');
my $owner = one_of($subscriber, 'SELECT session_user');
is(brief(receive($subscriber, 's', 'include-tables' => 'public.todo')),
    qq(CREATE 1 {"pg":{"session_user":"$owner"}}\nUPDATE 1 {"pg":{"session_user":"$owner"}}),
    'and has the facts of this server only');

# Where a context is required, what is replicated needs none.
is(one_of($subscriber, 'SELECT count(*) FROM copied'), 1, 'the rows that were there are copied without a context');
like(($subscriber->psql('postgres', 'DELETE FROM copied'))[2], qr/ERROR:  write to table "copied" has no context/, 'what a client writes needs one');
done_testing();
