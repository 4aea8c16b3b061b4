"""What the office owes: duties with an owner and a time, and how they are warned of, handed up and closed."""
