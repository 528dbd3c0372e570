"""``lanrage lab trace``: a join's lines of all processes by one id, and no secret in any (``docs/lab.rst``)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lanrage.core.trace import Trace, TraceLine
from lanrage.lab import party, roles
from lanrage.lab.demo import laboratory
from lanrage.lab.folder import BASE, Folder
from lanrage.lab.lab import Lab
from lanrage.lab.leaks import Leaks
from lanrage.lab.node_call import Session
from lanrage.lab.result import Result
from lanrage.log_context import new_correlation_id
from lanrage.store.log_files import lines_of

NAME = "trace"
KINDS = ("symmetric", "symmetric")
"""Two NATs that only luck punches through: the first path is the relay's."""
LIBRARY = "library"
"""Subsystem of lines that are not ours."""
PROCESSES = 4
"""The control server, the relay and both nodes."""
STORY_S = 20.0
"""A join with its first handshake takes under a second; on a busy machine a few."""
POLL_S = 0.2
SETTLED_S = 2.0
"""What follows the last awaited line: more paths, a refresh."""

STORY = {
    "the joiner was asked": ("node", "operation {op} begins"),
    "the control server took it in": ("control", "session {session} asked {kind}, answered {answer}"),
    "a node heard of it": ("node", "the server tells {kind}"),
    "WireGuard got the peer": ("node", "{peer} is known to WireGuard"),
    "the relay bound an end": ("relay", "an end of a pair is bound at port {port}"),
    "the path was chosen": ("node", "path to {peer} is now {kind} {endpoint}: {reason}"),
    "the link stood": ("node", "link to {peer} is up after {ms:.0f} ms"),
    "the joiner was answered": ("node", "operation {op} ended"),
}
"""What must be told, and by whose line: role and event."""
BOTH = ("WireGuard got the peer", "the path was chosen", "the link stood")
"""Of these, what both nodes must tell."""


def trace(base: Path = BASE, name: str = NAME, say: Callable[[str], None] = lambda _text: None) -> Result:
    """One join's lines of the control server, a relay and both nodes, by its id; no secret in any log."""
    result, token = Result(NAME), secrets.token_urlsafe(24)
    file = Folder.of(name, base).path / "registration"
    control = ("--registration", "token", "--registration-token-file", str(file))
    log = ("--log-format", "json", "--log-level", "debug")
    with laboratory(name, KINDS, base, say, control_options=control, log_options=log) as lab:
        file.write_text(token, encoding="utf-8")
        lab.start(roles.roles(lab.plan))
        leaks = Leaks()
        leaks.token(token)
        found = _join(lab, leaks, result, say, token)
        judge(found, result)
        _search(lab, leaks, result)
    return result


def _join(lab: Lab, leaks: Leaks, result: Result, say: Callable[[str], None], token: str) -> Trace:
    """Let the second host join the first one's party, and gather what is logged of it."""
    say("founding a party and joining it")
    code, _ = party.found(lab.folder, lab.plan, lab.record.name, token)
    leaks.invitation(code)
    joiner, operation = lab.plan.hosts[1], new_correlation_id()
    begin = time.monotonic()
    with Session(roles.node_socket(lab.folder, joiner)) as session:
        session.correlation_id = operation
        session.call("party.join", code=code, member_name=joiner.name)
    result.figures["join_answered_ms"] = round(1000 * (time.monotonic() - begin), 1)
    found = gathered(lab, operation)
    while missing(found.lines()) and time.monotonic() - begin < STORY_S:
        time.sleep(POLL_S)
        found = gathered(lab, operation)
    result.figures["story_ms"] = round(1000 * (time.monotonic() - begin), 1)
    time.sleep(SETTLED_S)
    return gathered(lab, operation)


def gathered(lab: Lab, operation: str) -> Trace:
    """The operation's lines in the logs of all roles."""
    found = Trace(operation)
    for role in roles.roles(lab.plan):
        for line in lines_of(str(lab.folder.log(role))):
            found.feed(line)
    return found


def missing(lines: list[TraceLine]) -> list[str]:
    """What of the story nobody told, or one end alone that both have to tell."""
    told = {(line.role, line.event) for line in lines}
    lacking = [what for what, wanted in STORY.items() if wanted not in told]
    for what in BOTH:
        ends = {line.pid for line in lines if (line.role, line.event) == STORY[what]}
        if 0 < len(ends) < len(KINDS):
            lacking.append(f"{what} at {len(ends)} of {len(KINDS)} ends")
    return lacking


def judge(found: Trace, result: Result) -> None:
    """Whether the lines tell the join's story, from all processes, in the order of their times."""
    lines, processes = found.lines(), found.processes()
    result.figures["correlation_id"] = found.correlation_id
    result.exactly("processes", len(processes), PROCESSES)
    result.figures["lines_by_process"] = processes
    result.exactly("roles", sorted({line.role for line in lines}), ["control", "node", "relay"])
    result.exactly("missing", missing(lines), [])
    result.exactly("ordered", [line.time for line in lines] == sorted(line.time for line in lines), True)
    result.exactly("lines_left_out", found.left_out, 0)
    result.exactly("lines_bad", found.bad, 0)
    result.figures["lines"] = [_shown(line) for line in lines if line.subsystem != LIBRARY]


def _shown(line: TraceLine) -> dict[str, Any]:
    process = f"{line.role} {line.node[:8]}".strip()
    return {"time": line.time, "process": process, "level": line.level, "message": line.message}


def _search(lab: Lab, leaks: Leaks, result: Result) -> None:
    """Look for every secret that was used in every line of every log."""
    result.figures["keys_looked_for"] = leaks.keys(lab.folder.path)
    result.figures["secret_forms_looked_for"] = len(leaks)
    logs = sorted(lab.folder.path.glob("*.log"))
    result.figures["log_bytes"] = sum(path.stat().st_size for path in logs)
    seen = [f"{path.name}: {what}" for path in logs for what in leaks.seen_in(path)]
    result.exactly("secrets_found", len(seen), 0)
    for each in seen:
        result.fail(each)
    if not result.figures["keys_looked_for"]:
        result.fail("no key was found to look for")
