"""What is kept: the only room with SQL. What comes out of it is frozen data from `model`."""
