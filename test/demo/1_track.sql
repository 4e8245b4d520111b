-- A table like any other: its changes are kept from now on
CREATE EXTENSION bemi;
CREATE TABLE todo (id serial PRIMARY KEY, task text, is_completed boolean DEFAULT false);
SELECT bemi.track('todo');
SELECT bemi.start();
