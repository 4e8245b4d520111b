-- Or by a function, here for one transaction
BEGIN;
SELECT bemi.set_context('{"import":"todo.csv"}', is_local => true);
INSERT INTO todo (task) VALUES ('Code');
COMMIT;
