"""The checks that ``lanrage lab`` offers, by their commands' names."""

from __future__ import annotations

from collections.abc import Callable

from lanrage.lab.result import Result

CHECKS: dict[str, Callable[..., Result]] = {}
"""Each takes ``base`` (folder) and ``say``, some more, and gives a :class:`Result`."""
