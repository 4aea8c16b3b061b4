"""Properties of this room run without a time limit on one example: a busy machine is no fault."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("callcenterd", deadline=None)
settings.load_profile("callcenterd")
