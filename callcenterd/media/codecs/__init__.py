"""One file for a codec."""
