"""How many files (and so connections) a process of the bench may have open."""

from __future__ import annotations

import resource


def raise_files() -> int:
    """Raise the soft limit to the hard one; gives it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
