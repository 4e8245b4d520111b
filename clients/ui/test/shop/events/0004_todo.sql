INSERT INTO todo (id, task) VALUES (1026, 'Sleep'), (1027, 'The quick brown fox') /*Bemi {"user_id": 187234, "endpoint": "POST /todo"} Bemi*/;
UPDATE todo SET is_completed = id = 1026, task = replace(task, 'brown', 'red') WHERE id IN (1026, 1027) /*Bemi {"user_id": 187234, "endpoint": "PUT /todo/complete"} Bemi*/;
DELETE FROM todo WHERE id = 1027 /*Bemi {"user_id": 187234, "endpoint": "DELETE /todo/1027"} Bemi*/;
