"""What is asked about business records, alike for every kind: bounded texts, numbers, versions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from callcenterd.web.answers import VISIBLE

Short = Annotated[str, VISIBLE, Field(max_length=40)]
Name = Annotated[str, VISIBLE, Field(max_length=64)]
"""A login, a team, a call: what the office names by a word."""
Line = Annotated[str, VISIBLE, Field(max_length=100)]
Text = Annotated[str, VISIBLE, Field(max_length=4000)]
Number = Annotated[int, Field(ge=1, lt=1 << 62)]
Version = Annotated[int, Field(ge=1, lt=1 << 62, description="The one that was read; with another one there is 409")]
