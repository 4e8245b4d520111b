-- One transaction, two contexts, and a mistake that is rolled back: each change keeps its own
BEGIN;
SET LOCAL bemi.context = '{"job":"rename"}';
UPDATE todo SET task = 'Nap' WHERE task = 'Sleep';
SAVEPOINT mistake;
SET LOCAL bemi.context = '{"job":"oops"}';
DELETE FROM todo;
ROLLBACK TO mistake;
UPDATE todo SET task = 'Test' WHERE task = 'Code';
SET LOCAL bemi.context = '{"job":"clean up"}';
DELETE FROM todo WHERE is_completed;
COMMIT;
