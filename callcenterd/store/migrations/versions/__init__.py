"""One file for a step, in order."""
