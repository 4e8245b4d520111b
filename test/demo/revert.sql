-- Who deleted todo 2? That was a mistake: it is taken back, and its history says by what
SELECT relation, key, action, status FROM bemi.revert(context => '{"job":"clean up"}');
SELECT operation, changed, context FROM bemi.history('todo', 2);
