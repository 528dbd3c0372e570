"""What all tests share: hypothesis profiles, and skips with the reason where the machine lacks something."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

CAP_NET_ADMIN = 1 << 12
CAP_NET_RAW = 1 << 13

# Every run of `make test` draws the same examples: what is green stays green until somebody changes something.
settings.register_profile(
    "ci", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
# `make test-all` looks for what nobody has drawn yet.
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Nodes that tests start as processes share this machine's port for the page: those that want one say where.
os.environ.setdefault("LANRAGE_WEB_LISTEN", "")


def capabilities() -> int:
    """Effective capabilities of this process (``/proc/self/status``)."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next((int(line.split()[1], 16) for line in status if line.startswith("CapEff:")), 0)


def has_tun() -> bool:
    """A TUN device can be opened."""
    return os.access("/dev/net/tun", os.R_OK | os.W_OK) and bool(capabilities() & CAP_NET_ADMIN)


CHECKS: dict[str, tuple[Callable[[], bool], str]] = {
    "root": (lambda: os.geteuid() == 0, "needs root"),
    "tun": (has_tun, "needs /dev/net/tun and CAP_NET_ADMIN"),
    "net-admin": (lambda: bool(capabilities() & CAP_NET_ADMIN), "needs CAP_NET_ADMIN"),
    "net-raw": (lambda: bool(capabilities() & CAP_NET_RAW), "needs CAP_NET_RAW"),
}
"""What a test may need beyond a program: how to look, and the reason of the skip."""


def lacks(what: str) -> str | None:
    """Why a test that needs `what` cannot run here, None when it can; an unlisted word is a program on the path."""
    if what in CHECKS:
        check, reason = CHECKS[what]
        return None if check() else reason
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin:/usr/games"
    return None if shutil.which(what, path=path) else f"needs the program {what}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Honour ``@pytest.mark.needs("tun", "nft")``."""
    for marker in item.iter_markers("needs"):
        for what in marker.args:
            reason = lacks(what)
            if reason:
                pytest.skip(reason)
