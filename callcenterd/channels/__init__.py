"""Ways to people besides the telephone."""
