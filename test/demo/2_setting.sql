-- Your application says once who is at work, in a setting of its session.
SET bemi.context = '{"user_id": 7, "endpoint": "/todo"}';
INSERT INTO todo (task) VALUES ('Sleep'), ('Eat');
