UPDATE shop.products SET price = 1.00 WHERE name LIKE 'Lamp%' /*Bemi {"user_id": 187234, "endpoint": "PUT /admin/prices", "comment": "sale of one lamp"} Bemi*/;
