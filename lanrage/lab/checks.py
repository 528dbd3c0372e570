"""The checks that ``lanrage lab`` offers, by their commands' names."""

from __future__ import annotations

from collections.abc import Callable

from lanrage.lab.broadcasts import broadcasts
from lanrage.lab.churn import churn
from lanrage.lab.demo import demo
from lanrage.lab.doctor import doctor
from lanrage.lab.faults import faults
from lanrage.lab.games_listed import games
from lanrage.lab.grid import grid
from lanrage.lab.guest import guest
from lanrage.lab.lan import lan
from lanrage.lab.paths_check import paths
from lanrage.lab.result import Result
from lanrage.lab.trace import trace
from lanrage.lab.web import web

CHECKS: dict[str, Callable[..., Result]] = {
    "demo": demo,
    "broadcasts": broadcasts,
    "churn": churn,
    "doctor": doctor,
    "faults": faults,
    "games": games,
    "grid": grid,
    "guest": guest,
    "lan": lan,
    "paths": paths,
    "trace": trace,
    "web": web,
}
"""Each takes ``base`` (folder), ``name`` (of its laboratory) and ``say``, some also options (:mod:`lanrage.lab.cli`);
gives a result."""
