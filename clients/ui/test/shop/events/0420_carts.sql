TRUNCATE shop.carts /*Bemi {"job": "clean-carts", "host": "worker-1"} Bemi*/;
