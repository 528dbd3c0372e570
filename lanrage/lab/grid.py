"""``lanrage lab grid``: every kind of NAT with every kind, in one party; which path each pair gets, and how soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from lanrage.lab import party, roles
from lanrage.lab.birthdays import birthdays
from lanrage.lab.demo import laboratory
from lanrage.lab.folder import BASE
from lanrage.lab.grid_table import Cell, Trial, cells, rst
from lanrage.lab.lab import Lab
from lanrage.lab.paths import DIRECT, ORDER, RELAY, RELAY_TCP, expected_paths, good_enough, site_kind
from lanrage.lab.plan import BLOCKED, KINDS, LAN, SIX, Host, check_name, expand_kinds
from lanrage.lab.result import Result, percentile
from lanrage.lab.sightings import Watch

NAME = "grid"
EACH = 2
"""Hosts of each kind, so that a kind meets itself."""

AT_ONCE = 8
"""Hosts in one party. The nodes share two cores: with eighteen, a join takes seconds of work that players' machines
would do at the same time, and the figures are of that."""

SETTLE_S = 15.0
"""A newcomer's pairs have this long to come to their paths before the next joins; what has not by then falls short."""
LINGER_S = 0.3
"""After a newcomer's last pair, so that the next joins a machine that is quiet again."""

DIRECT_P95_MS = 1500.0
"""Of pairs whose both NATs map independently of the endpoint (RFC 3489's cones of all three filters), or by IPv6."""
RELAY_MS = 2000.0
RELAY_TCP_MS = 3000.0
"""Later than this a player believes that a friend cannot be reached."""


def grid(
    base: Path = BASE,
    name: str = NAME,
    say: Callable[[str], None] = lambda _text: None,
    *,
    trials: int = 1,
    kinds: str = ",".join(KINDS),
    at_once: int = AT_ONCE,
    birthday_trials: int = 0,
    rst_file: Path | None = None,
) -> Result:
    """Two hosts of each kind in parties: the path of every pair, and the time until it was there."""
    result = Result(NAME)
    wholes = laboratories([word.strip() for word in kinds.split(",")], at_once)
    check_name(name)
    seen: list[Trial] = []
    for number in range(trials * len(wholes)):
        words = wholes[number % len(wholes)]
        say(f"laboratory {number + 1} of {trials * len(wholes)}: {', '.join(dict.fromkeys(words))}")
        seen += one_laboratory(base, name, words, say)
    table = cells(seen)
    judge(result, seen, table)
    if birthday_trials:
        birthdays(result, base, name, birthday_trials, say)
    if rst_file is not None:
        rst_file.write_text(rst(table, result), encoding="utf-8")
    return result


def laboratories(kinds: Sequence[str], at_once: int = AT_ONCE) -> list[tuple[str, ...]]:
    """The hosts of laboratories in which, together, every kind meets every kind: each two groups of kinds share one.

    :param at_once: hosts in one, about; ``lan`` brings the restricted routers that it needs.
    :raises BadInput: for an unknown kind.
    """
    once = list(dict.fromkeys(kinds))
    size = max(1, at_once // (2 * EACH))
    home = [kind for kind in ("restricted", LAN) if kind in once]
    others = [kind for kind in once if kind not in home]
    groups = [others[start : start + size] for start in range(0, len(others), size)] + ([home] if home else [])
    if len(groups) == 1:
        return [hosts_of(groups[0])]
    return [hosts_of(first + second) for first, second in combinations(groups, 2)]


def hosts_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """Each kind twice; those on a ``lan`` come behind the last restricted router, which they share.

    :raises BadInput: for an unknown kind.
    """
    once = list(dict.fromkeys(kinds))
    expand_kinds([kind for kind in once if kind != LAN] or ["open"], None)
    words = [kind for kind in once if kind not in (LAN, "restricted") for _ in range(EACH)]
    if "restricted" in once or LAN in once:
        words += ["restricted"] * EACH
    return tuple(words + [LAN] * (EACH if LAN in once else 0))


def one_laboratory(base: Path, name: str, words: tuple[str, ...], say: Callable[[str], None]) -> list[Trial]:
    """Let the hosts join one after the other, as friends do, and see what becomes of each pair."""
    with laboratory(name, words, base, say) as lab:
        lab.start(roles.roles(lab.plan))
        wanted = expected_paths(lab.plan)
        code, _ = party.found(lab.folder, lab.plan, lab.record.name)
        with Watch(lab.folder) as watch:
            for host in lab.plan.hosts:
                watch.add(host)
                if host.index > 1:
                    join(lab, watch, host, code, wanted)
                watch.slow(host)
                say(f"{host.name} ({host.nat}) has joined")
            return [_trial(lab, watch, a, b, wanted[a.name, b.name]) for a, b in lab.plan.pairs()]


def join(lab: Lab, watch: Watch, host: Host, code: str, wanted: dict[tuple[str, str], str]) -> None:
    """Let one more in, and wait until its pairs have their paths, or no longer."""
    pairs = [(other.name, host.name) for other in lab.plan.hosts[: host.index - 1]]
    party.join(lab.folder, host, code)
    watch.until(lambda: all(good_enough(watch.path(*pair), wanted[pair]) for pair in pairs), SETTLE_S)
    time.sleep(LINGER_S)


def _trial(lab: Lab, watch: Watch, first: Host, second: Host, wanted: str) -> Trial:
    """A pair as both ends see it, timed by the newcomer of the two."""
    newcomer = watch.pair(first.name, second.name)[1]
    shared = first.router is not None and first.router == second.router
    return Trial(
        kinds=(first.nat, second.nat),
        sites=(site_kind(lab.plan, first), site_kind(lab.plan, second)),
        hosts=(first.name, second.name),
        shared=shared,
        expected=wanted,
        seen=watch.path(first.name, second.name),
        path_ms=newcomer.ms_to(),
        direct_ms=newcomer.ms_to(DIRECT),
    )


def judge(result: Result, seen: list[Trial], table: list[Cell]) -> None:
    """Hold all that was seen against the limits."""
    for wanted in (DIRECT, RELAY, RELAY_TCP):
        mine = [trial for trial in seen if trial.expected == wanted]
        result.figures[f"pairs_{wanted}"] = len(mine)
        for trial in mine:
            if not trial.ok:
                result.fail(f"{trial}: {trial.seen} instead of {wanted}")
    relayed = [t for t in seen if t.expected != DIRECT]
    for wanted, limit in ((RELAY, RELAY_MS), (RELAY_TCP, RELAY_TCP_MS)):
        times = [t.path_ms for t in relayed if t.expected == wanted]
        if times:
            worst = None if None in times else max(ms for ms in times if ms is not None)
            result.at_most(f"time_to_{wanted.replace('-', '_')}_ms_max", worst, limit)
    easy = {SIX}, set(KINDS) - {"symmetric", SIX, BLOCKED}
    cones = [t for t in seen if t.expected == DIRECT and any(set(t.sites) <= kinds for kinds in easy)]
    times = [t.direct_ms for t in cones]
    known = [ms for ms in times if ms is not None]
    result.figures["time_to_direct_ms_p50"] = percentile(known, 50)
    complete = percentile(known, 95) if len(known) == len(times) else None
    if cones:
        result.at_most("time_to_direct_ms_p95", complete, DIRECT_P95_MS)
    symmetric = [t.direct_ms for t in seen if t.expected == DIRECT and t not in cones and t.direct_ms is not None]
    result.figures["time_to_direct_ms_p95_with_symmetric"] = percentile(symmetric, 95)
    result.figures["better_than_expected"] = sum(ORDER.index(t.seen) < ORDER.index(t.expected) for t in seen)
    result.figures["pairs"] = [cell.row() for cell in table]
    result.limits["pairs"] = "each has the path that its NATs allow, or a better one"
