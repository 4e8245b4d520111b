-- Or in a comment on the statement, as packages for ORMs append it.
UPDATE todo SET is_completed = true WHERE id = 2 /*Bemi {"user_id": 9, "endpoint": "/todo/done"} Bemi*/;
