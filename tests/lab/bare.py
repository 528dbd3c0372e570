"""A laboratory of networks only, for tests: made under a name of their own, removed whatever happens."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lanrage.lab import teardown
from lanrage.lab.folder import Record
from lanrage.lab.lab import Lab, up


def own(name: str) -> str:
    """A laboratory's name that no other test run on this machine has."""
    return f"{name}-{os.getpid()}"


@contextmanager
def bare_lab(name: str, *kinds: str, udp_timeout: int | None = None) -> Iterator[Lab]:
    """Hosts of these kinds behind their routers, without any node."""
    name = own(name)
    with tempfile.TemporaryDirectory() as folder:
        lab, _ = up(Record(name, kinds, udp_timeout=udp_timeout), Path(folder), nodes=False)
        try:
            yield lab
        finally:
            teardown.down(name, lab.folder)
