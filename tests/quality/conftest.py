"""Tests of this room that take `store` or `address` run on both databases."""

from tests.kit.database import address, clock, cluster, store

__all__ = ["address", "clock", "cluster", "store"]
