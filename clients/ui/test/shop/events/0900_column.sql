ALTER TABLE shop.products ADD COLUMN weight_g int;
UPDATE shop.products SET weight_g = length(name) * 100 WHERE sku < 'SKU-0020' /*Bemi {"user_id": 187201, "endpoint": "psql", "ticket": "OPS-98"} Bemi*/;
