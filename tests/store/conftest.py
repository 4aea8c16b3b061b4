"""Every test of this room that takes `store` or `address` runs on SQLite and on PostgreSQL."""

from tests.kit.database import address, clock, cluster, nowhere, store

__all__ = ["address", "clock", "cluster", "nowhere", "store"]
