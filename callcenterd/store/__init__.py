"""Storage: the only room with SQL. What comes out is frozen data of `model`."""
