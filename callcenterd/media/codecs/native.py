"""Shared libraries of codecs, called by ctypes.PyDLL, which keeps the GIL.

A packet is coded in 3 to 60 µs, and none of these functions waits for anything. To give the GIL away for that (as
ctypes.CDLL, PyAV and cffi do) costs more than the work: each time the media thread must wait until a busy main
thread lets it in again. docs/decisions/0011-codecs.md has the figures.
"""

from __future__ import annotations

import ctypes
import importlib.util
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from callcenterd.errors import LocalError

Signature = tuple[Any, Sequence[Any]]
"""A C function's (result type, argument types), as ctypes names them; None as a result is void."""


class NoLibrary(LocalError):
    """None of the places has the library, or what is there lacks a function that we need. tried: place and why not."""

    def __init__(self, tried: Sequence[str]) -> None:
        super().__init__("; ".join(tried) or "there is no place where it could be")
        self.tried = tuple(tried)


class Closed(LocalError):
    """Its memory was given back: a call with it would bring down the process."""


def load(places: Iterable[str], signatures: Mapping[str, Signature]) -> ctypes.PyDLL:
    """The first of the places (paths, or sonames for the system's loader) that has every function.

    Raises NoLibrary.
    """
    tried = []
    for place in places:
        try:
            library = ctypes.PyDLL(place)
            for name, (result, arguments) in signatures.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, list(arguments)
        except (OSError, AttributeError) as fault:
            tried.append(f"{place}: {fault}")
        else:
            return library
    raise NoLibrary(tried)


def inside_av(name: str) -> list[str]:
    """Paths of a library that the wheel of PyAV brings along, such as "libopus". PyAV itself is not imported.

    Its file's name holds a hash that is another one in each release.
    """
    found = importlib.util.find_spec("av")
    folders = [] if found is None else found.submodule_search_locations or []
    return [str(path) for folder in folders for path in sorted((Path(folder).parent / "av.libs").glob(f"{name}-*.so*"))]


def pyav() -> Any:
    """PyAV itself, imported when it is first wanted: it takes 30 MB and a quarter of a second. Raises NoLibrary."""
    try:
        import av  # noqa: PLC0415
    except ImportError as fault:
        raise NoLibrary([f"PyAV: {fault}"]) from fault
    return av


class Memory:
    """What a library allocated for one stream. Given back once: by `close`, or when nobody knows it any more.

    address: what the library's functions take; 0 after `close`.
    """

    __slots__ = ("__weakref__", "_give_back", "address")

    def __init__(self, address: int | None, free: Callable[[int], object]) -> None:
        if not address:
            raise MemoryError
        self.address = address
        self._give_back = weakref.finalize(self, free, address)

    def close(self) -> None:
        self.address = 0
        self._give_back()
