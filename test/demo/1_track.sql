-- A table like any other: bemi keeps its changes from now on.
CREATE EXTENSION bemi;
CREATE TABLE todo (id serial PRIMARY KEY, task text, is_completed boolean DEFAULT false);
SELECT bemi.track('todo'), bemi.start();
