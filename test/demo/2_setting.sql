-- The application says once who is at work: a setting of the session
SET bemi.context = '{"user_id":7,"endpoint":"/todo"}';
INSERT INTO todo (task) VALUES ('Sleep');
INSERT INTO todo (task) VALUES ('Eat');
