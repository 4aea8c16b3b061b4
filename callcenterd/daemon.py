"""Builds every room, connects them, starts, drains, stops. Knows all, decides nothing.

Order of starting: what can refuse (data folder, database, ports) comes first, so that a server that says `ready`
is one. Order of stopping: no new calls, then running ones, then what they stood on.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import os
import random
import secrets
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog

from callcenterd import control
from callcenterd import site as site_file
from callcenterd.bus import Bus
from callcenterd.calls.control import Calls
from callcenterd.clock import Clock, SystemClock
from callcenterd.config import Config
from callcenterd.crm.customer import Customers
from callcenterd.errors import CannotStart, LocalError
from callcenterd.ivr.shelf import Flows
from callcenterd.media import recording
from callcenterd.media.thread import Media
from callcenterd.model import events
from callcenterd.model.site import Secret, UserAccount
from callcenterd.sip.endpoint import Endpoint
from callcenterd.sip.transport.edge import SipEdge
from callcenterd.store.database import Store
from callcenterd.switchboard.board import Switchboard
from callcenterd.web import app as web_app
from callcenterd.worker.passwords import Passwords
from callcenterd.worker.pool import Worker
from callcenterd.worker.prompts import Prompts

_log = structlog.get_logger(__name__)

ADMIN = "admin"
RECORDINGS = "recordings"
