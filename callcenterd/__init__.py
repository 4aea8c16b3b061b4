"""callcenterd: a whole call centre in one process."""

__version__ = "0.1.0"
