"""Applies the weather (:mod:`lanrage.lab.conditions`) to the WAN router, the LAN bridges and the delay process."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import lanrage
from lanrage.lab import netns
from lanrage.lab.conditions import Weather, delays, lan_ruleset, needs_delay, wan_ruleset
from lanrage.lab.folder import Folder
from lanrage.lab.plan import LAN, Plan
from lanrage.lab.process import alive, send, spawn, wait_for

DELAY = "delay"
"""The role of the delay router's process."""

START_S = 20.0
"""A Python process is there within a second, on a machine that starts twenty others within several."""


def python_env() -> dict[str, str]:
    """An environment in which a new Python finds this very package."""
    here = str(Path(lanrage.__file__).parent.parent)
    before = os.environ.get("PYTHONPATH", "")
    paths = [here, *(path for path in before.split(os.pathsep) if path and path != here)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def apply(folder: Folder, plan: Plan, weather: Weather) -> None:
    """Make the networks behave as the weather says.

    :raises BadInput: for a delay between hosts behind one router.
    """
    bridges = {h.router: lan_ruleset(plan, h.router, weather) for h in plan.hosts if h.nat == LAN and h.router}
    if needs_delay(weather):
        start_delay(folder, plan)
    _tell_delay(folder, plan, weather)
    netns.nft(plan.wan, wan_ruleset(plan, weather))
    for router, ruleset in bridges.items():
        netns.nft(plan.router(router or 0).netns, ruleset)


def start_delay(folder: Folder, plan: Plan) -> None:
    """Start the delay router, unless it runs, and wait until it forwards."""
    if any(alive(p) for p in folder.processes() if p.role == DELAY):
        return
    config = folder.path / "delay.json"
    config.write_text("{}", encoding="utf-8")
    config.with_suffix(".ready").unlink(missing_ok=True)
    argv = [sys.executable, "-m", "lanrage.lab.delay", str(config)]
    process = spawn(DELAY, plan.wan, argv, folder.log(DELAY), python_env(), folder.path)
    folder.add_process(process)
    wait_for("the delay router starts", config.with_suffix(".ready").exists, START_S)


def _tell_delay(folder: Folder, plan: Plan, weather: Weather) -> None:
    running = [p for p in folder.processes() if p.role == DELAY and alive(p)]
    if running:
        draft = folder.path / "delay.json.new"
        draft.write_text(json.dumps(delays(plan, weather)), encoding="utf-8")
        draft.replace(folder.path / "delay.json")
        send(running[-1], signal.SIGHUP)
