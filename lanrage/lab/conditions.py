"""Loss, delay and cuts between hosts, as values and as nftables rules (pure; applied by :mod:`lanrage.lab.wan`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from lanrage.errors import BadInput
from lanrage.lab import six
from lanrage.lab.plan import PUBLIC_ADDRESSES, Host, Plan

PUBLIC = "public"
"""The word for the public host (control, relay, reflector) in ``--between``."""
RELAY2 = "relay2"
"""The word for the second relay's address alone."""

DELAY_DEVICE = "delay0"
DELAY_MARK = 1
"""Packets with this mark are routed through the delay router."""

LOSS_STEPS = 10_000
"""Loss is drawn in steps of a hundredth of a percent."""

MAX_DELAY_MS = 5_000.0
"""One way; above it no game plays, and the delay router's queue would hold minutes of traffic."""


@attrs.frozen
class Conditions:
    """What happens to packets on a way; None in a pair's = as on the whole WAN.

    :param loss: percent, each direction.
    :param delay_ms: one way.
    :param block: drop everything.
    """

    loss: float | None = None
    delay_ms: float | None = None
    block: bool = False

    def check(self) -> Conditions:
        """Return itself when in range.

        :raises BadInput: names the field.
        """
        if self.loss is not None and not 0 <= self.loss <= 100:
            raise BadInput("loss", f"{self.loss} is not 0 to 100 percent")
        if self.delay_ms is not None and not 0 <= self.delay_ms <= MAX_DELAY_MS:
            raise BadInput("delay-ms", f"{self.delay_ms} is not 0 to {MAX_DELAY_MS:.0f}")
        return self


@attrs.frozen
class Weather:
    """The conditions of a whole laboratory.

    :param whole: of the WAN.
    :param pairs: by the names of two hosts (or :data:`PUBLIC`), in sorted order.
    """

    whole: Conditions = attrs.field(factory=Conditions)
    pairs: dict[tuple[str, str], Conditions] = attrs.field(factory=dict)

    def change(
        self, between: tuple[str, str] | None, loss: float | None, delay_ms: float | None, block: bool | None
    ) -> Weather:
        """The weather after a command; None leaves a value as it is."""
        old = self.whole if between is None else self.pairs.get(between, Conditions())
        new = Conditions(
            old.loss if loss is None else loss,
            old.delay_ms if delay_ms is None else delay_ms,
            old.block if block is None else block,
        ).check()
        if between is None:
            return attrs.evolve(self, whole=new)
        return attrs.evolve(self, pairs={**self.pairs, between: new})


def parse_between(plan: Plan, text: str) -> tuple[str, str]:
    """Read ``A,B``: names or indices of hosts, ``public`` or ``relay2``.

    :raises BadInput: for anything but two different ones.
    """
    words = [word.strip() for word in text.split(",")]
    names = sorted(word if word in (PUBLIC, RELAY2) else plan.host(word).name for word in words)
    if len(names) != 2 or names[0] == names[1] or names == [PUBLIC, RELAY2]:
        raise BadInput("between", f"{text!r} is not two different hosts, as in 1,2")
    return names[0], names[1]


def shared_router(plan: Plan, pair: tuple[str, str]) -> int | None:
    """The router that both hosts of a pair are behind, if any."""
    if PUBLIC in pair or RELAY2 in pair:
        return None
    first, second = (plan.host(name) for name in pair)
    return first.router if first.router == second.router else None


def wan_ruleset(plan: Plan, weather: Weather) -> str:
    """The WAN router's table, replacing the one before it as a whole."""
    wan_pairs = [(p, c) for p, c in _narrow_first(weather) if shared_router(plan, p) is None]
    forward = [f"oifname {DELAY_DEVICE} accept"]
    marks = ["fib daddr type local accept", f"iifname {DELAY_DEVICE} accept"]
    for pair, conditions in wan_pairs:
        for match in _matches(plan, pair):
            forward += _pair_rules(match, conditions, weather.whole)
            marks += _mark_rules(match, conditions)
    forward += _fate("", weather.whole)
    if weather.whole.delay_ms:
        marks.append(f"meta mark set {DELAY_MARK}")
    return _replace(
        "inet",
        {
            "slow": ("prerouting", "-150", marks),
            "forward": ("forward", "0", forward),
        },
    )


def lan_ruleset(plan: Plan, router: int, weather: Weather) -> str:
    """The bridge table of one router: conditions between hosts behind it.

    :raises BadInput: when a delay is asked, which a bridge cannot make.
    """
    rules: list[str] = []
    for pair, conditions in weather.pairs.items():
        if shared_router(plan, pair) != router:
            continue
        if conditions.delay_ms:
            raise BadInput("delay-ms", "is not possible between hosts behind one router, only loss and block are")
        one, other = (plan.host(name) for name in pair)
        for first, second in ((one.address, other.address), *([(one.six, other.six)] if one.six else [])):
            rules += _fate(_match(first, second), conditions) + _fate(_match(second, first), conditions)
    return _replace("bridge", {"forward": ("forward", "0", rules)})


def delays(plan: Plan, weather: Weather) -> dict[str, float]:
    """What the delay router must know: ``"SOURCE DESTINATION"`` to ms, and ``""`` for all others.

    Of IPv6 it knows a site by its /64.
    """
    table = {"": weather.whole.delay_ms or 0.0}
    for pair, conditions in _narrow_first(weather):
        if conditions.delay_ms is not None and shared_router(plan, pair) is None:
            for source, target in _directions(plan, pair):
                table.setdefault(f"{source} {target}", conditions.delay_ms)
    return table


def needs_delay(weather: Weather) -> bool:
    """Whether any packet must pass the delay router."""
    return any(c.delay_ms for c in (weather.whole, *weather.pairs.values()))


def _narrow_first(weather: Weather) -> list[tuple[tuple[str, str], Conditions]]:
    """The pairs, those with the second relay before those with the public host, of which it is a part."""
    return sorted(weather.pairs.items(), key=lambda row: RELAY2 not in row[0])


def _addresses(plan: Plan, name: str) -> Iterable[str]:
    if name == PUBLIC:
        return PUBLIC_ADDRESSES
    if name == RELAY2:
        return PUBLIC_ADDRESSES[1:2]
    host: Host = plan.host(name)
    return (host.public_address, *([str(six.prefix(host.router))] if host.six and host.router else []))


def _directions(plan: Plan, pair: tuple[str, str]) -> Iterator[tuple[str, str]]:
    for first in _addresses(plan, pair[0]):
        for second in _addresses(plan, pair[1]):
            if (":" in first) == (":" in second):
                yield first, second
                yield second, first


def _matches(plan: Plan, pair: tuple[str, str]) -> Iterator[str]:
    for source, target in _directions(plan, pair):
        yield _match(source, target)


def _match(source: str, target: str) -> str:
    family = "ip6" if ":" in source else "ip"
    return f"{family} saddr {source} {family} daddr {target} "


def _fate(match: str, conditions: Conditions) -> list[str]:
    if conditions.block:
        return [f"{match}counter drop"]
    threshold = round((conditions.loss or 0) * LOSS_STEPS / 100)
    if threshold >= LOSS_STEPS:
        return [f"{match}counter drop"]
    return [f"{match}numgen random mod {LOSS_STEPS} < {threshold} counter drop"] if threshold else []


def _pair_rules(match: str, conditions: Conditions, whole: Conditions) -> list[str]:
    loss = whole.loss if conditions.loss is None else conditions.loss
    return [*_fate(match, attrs.evolve(conditions, loss=loss)), f"{match}accept"]


def _mark_rules(match: str, conditions: Conditions) -> list[str]:
    if conditions.delay_ms is None:
        return []
    return [f"{match}meta mark set {DELAY_MARK} accept"] if conditions.delay_ms else [f"{match}accept"]


def _replace(family: str, chains: dict[str, tuple[str, str, list[str]]]) -> str:
    lines = [f"table {family} lab {{ }}", f"delete table {family} lab", f"table {family} lab {{"]
    for name, (hook, priority, rules) in chains.items():
        lines.append(f" chain {name} {{ type filter hook {hook} priority {priority}; policy accept;")
        lines += [f"  {rule}" for rule in rules]
        lines.append(" }")
    return "\n".join([*lines, "}", ""])
