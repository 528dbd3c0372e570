"""``lanrage lab doctor``: one fault at a time, and whether ``lanrage doctor --json`` names it rightly."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lanrage.errors import BadInput
from lanrage.lab import roles
from lanrage.lab.demo import laboratory
from lanrage.lab.doctor_faults import FAULTS, LabFault, check_installed
from lanrage.lab.folder import BASE
from lanrage.lab.lab import Lab
from lanrage.lab.netns import LabError
from lanrage.lab.paths import expected_paths, settle
from lanrage.lab.plan import Host
from lanrage.lab.result import Result
from lanrage.lab.wan import python_env

NAME = "doctor"
KINDS = ("open", "open", "restricted")
POLL_S = "1"
"""The kernel tells of new processes in the first network namespace only: a host of the laboratory has to look."""
NAMED_S = 45.0
"""A relay that falls silent is noticed within some 20 s, UDP that is blocked within 30."""
MENDED_S = 60.0
"""Nodes that were started anew have found each other again, with all their relays."""
PAUSE_S = 0.5
"""Between two reports."""
REPORT_S = 60.0
"""One report: some 10 s at most, on a busy machine more."""
LEAST = 8


def doctor(
    base: Path = BASE,
    name: str = NAME,
    say: Callable[[str], None] = lambda _text: None,
    only: str = "",
) -> Result:
    """A healthy party has no failure; then each fault is named first, with its member, and goes away when mended.

    :param only: ids of faults to make, with commas between; empty = all.
    :raises MissingRight: when a program is not installed.
    :raises BadInput: field ``only``: there is no such fault.
    """
    faults = chosen(only)
    check_installed()
    result = Result(NAME)
    with laboratory(name, KINDS, base, say, node_options=("--game-poll", POLL_S)) as lab:
        lab.start(roles.roles(lab.plan))
        lab.gather()
        settle(lab, result, expected_paths(lab.plan))
        say("a healthy party")
        for host in lab.plan.hosts:
            healthy, _ = _until_fine(lab, host, proof=True)
            result.figures[f"healthy_{host.name}"] = _bad(healthy)
            result.exactly(f"healthy_{host.name}_ok", healthy["ok"], True)
        rows = [_row(lab, fault, say) for fault in faults]
    report(rows, result, whole=not only)
    return result


def chosen(only: str) -> list[LabFault]:
    """The faults of these ids.

    :raises BadInput: field ``only``: there is no such fault.
    """
    wanted = [word.strip() for word in only.split(",") if word.strip()]
    known = {fault.wanted for fault in FAULTS}
    for word in wanted:
        if word not in known:
            raise BadInput("only", f"{word!r} is none of {', '.join(sorted(known))}")
    return [fault for fault in FAULTS if not wanted or fault.wanted in wanted]


def report(rows: list[dict[str, Any]], result: Result, *, whole: bool = True) -> None:
    """Hold what was seen of each fault against what must be seen.

    :param whole: all faults were made.
    """
    result.figures["faults"] = rows
    result.exactly("faults_named", sum(row["named"] for row in rows), len(rows))
    result.exactly("faults_mended", sum(row["mended"] for row in rows), len(rows))
    if whole:
        result.exactly("faults_enough", len({row["expected"] for row in rows if row["named"]}) >= LEAST, True)
    for row in rows:
        if not row["named"]:
            result.fail(
                f"{row['fault']}: not named {row['expected']} but {row['seen'] or 'nothing'}: {row['headline']}"
            )
        if not row["mended"]:
            result.fail(f"{row['fault']}: mended, yet the doctor says {row['after']}")


def _row(lab: Lab, fault: LabFault, say: Callable[[str], None]) -> dict[str, Any]:
    """Make a fault, see it named, mend it, see it gone."""
    host = lab.plan.hosts[0]
    row: dict[str, Any] = {"fault": fault.name, "expected": fault.wanted, "seen": "", "named": False, "named_s": None}
    row |= {"mended": False, "mended_s": None, "headline": "", "advice": "", "also": [], "after": []}
    try:
        with fault.broken(lab):
            _name(lab, host, fault, row)
    except LabError as error:
        row["headline"] = f"{error}"
    after, took = _until_fine(lab, host, proof=fault.wanted.startswith("broadcast_"))
    row |= {"mended": after["ok"], "mended_s": took, "after": _bad(after)}
    say(f"{fault.name}: {row['seen'] or row['headline']} {'as expected' if row['named'] else 'NOT AS EXPECTED'}")
    return row


def _name(lab: Lab, host: Host, fault: LabFault, row: dict[str, Any]) -> None:
    begin = time.monotonic()
    while True:
        told = examined(lab, host)
        first = next((check for check in told["checks"] if check["fault"] and check["fault"] == told["fault"]), None)
        row |= {"seen": told["fault"], "headline": told["headline"], "also": _bad(told)}
        row["named"] = first is not None and told["fault"] == fault.wanted and first["member"] == fault.member
        if row["named"] and first is not None:
            row |= {"named_s": round(time.monotonic() - begin, 1), "advice": first["advice"]}
            return
        if time.monotonic() - begin > NAMED_S:
            return
        time.sleep(PAUSE_S)


def _until_fine(lab: Lab, host: Host, *, proof: bool) -> tuple[dict[str, Any], float]:
    """The first report of a host without a failure or a fault of the laboratory's, or the last one in time.

    :param proof: one without a broadcast that was heard, of which a node sends some a minute, does not count.
    """
    begin = time.monotonic()
    made = {fault.wanted for fault in FAULTS}
    while True:
        told = examined(lab, host)
        bad = {check["fault"] for check in told["checks"] if check["level"] in ("failure", "warning")}
        sent = any(check["id"] == "visibility" and check["level"] == "ok" for check in told["checks"])
        fine = bool(told["ok"] and (sent or not proof) and not bad & made)
        took = time.monotonic() - begin
        if fine or took > MENDED_S:
            return {**told, "ok": fine}, round(took, 1)
        time.sleep(PAUSE_S)


def examined(lab: Lab, host: Host) -> dict[str, Any]:
    """What ``lanrage doctor --json`` prints in a host.

    :raises LabError: it prints no report.
    """
    words = ["--socket", str(roles.node_socket(lab.folder, host)), "doctor", "--json"]
    argv = ["ip", "netns", "exec", host.netns, sys.executable, "-m", "lanrage", *words]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=REPORT_S, env=python_env(), check=False)
        told: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise LabError(f"lanrage doctor in {host.name} prints no report: {error}") from error
    if "checks" not in told:
        raise LabError(f"lanrage doctor in {host.name}: {told}")
    return told


def _bad(told: dict[str, Any]) -> list[str]:
    """The faults of a report, with their levels and members."""
    return [
        f"{check['fault']}{':' + check['member'] if check['member'] else ''} ({check['level']})"
        for check in told["checks"]
        if check["level"] in ("failure", "warning")
    ]
