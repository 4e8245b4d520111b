-- Or in a comment on the statement, as ORM packages append it
UPDATE todo SET is_completed = true WHERE task = 'Eat' /*Bemi {"user_id":9,"endpoint":"/todo/done"} Bemi*/;
