"""One file for a kind of node; each registers itself by the `node` decorator."""
