"""Desk phones set up by files of their vendor's kind, each at a secret address of its own."""
