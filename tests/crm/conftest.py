"""The room above the store, on both databases."""

from tests.kit.database import address, clock, cluster, nowhere, store

__all__ = ["address", "clock", "cluster", "nowhere", "store"]
