"""Birthday probing in ``lanrage lab grid``: fresh pairs of a restricted and a symmetric router, and what they spend."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from lanrage.lab import netns, party, roles
from lanrage.lab.demo import laboratory
from lanrage.lab.lab import Lab
from lanrage.lab.paths import DIRECT
from lanrage.lab.result import Result, percentile
from lanrage.lab.sightings import Watch

KINDS = ("restricted", "symmetric")
WITHIN_S = 20.0
SHARE = 0.8
"""The pairs that must be direct within :data:`WITHIN_S`."""

_COUNTER = """
table ip spent {
 chain between { type filter hook forward priority 10; policy accept;
  meta l4proto udp ip saddr {A, B} ip daddr {A, B} counter; }
}
"""


def birthdays(result: Result, base: Path, name: str, trials: int, say: Callable[[str], None]) -> None:
    """Count how many of some fresh pairs become direct, and after how many seconds and packets."""
    seconds: list[float] = []
    packets: list[int] = []
    for number in range(1, trials + 1):
        took, spent = _one(base, name, say)
        packets.append(spent)
        if took is not None:
            seconds.append(took)
        say(
            f"birthday trial {number} of {trials}: {'not direct' if took is None else f'{took:.1f} s'}, {spent} packets"
        )
    share = len(seconds) / trials
    result.figures["birthday_direct_share"] = share
    result.limits["birthday_direct_share"] = SHARE
    if share < SHARE:
        result.fail(f"birthday_direct_share: {share:g} is less than {SHARE:g}")
    result.figures["birthday_seconds_p50"] = percentile(seconds, 50)
    result.figures["birthday_seconds_max"] = max(seconds, default=None)
    result.figures["birthday_packets_p50"] = percentile([float(count) for count in packets], 50)
    result.figures["birthday_packets_max"] = max(packets, default=None)


def _one(base: Path, name: str, say: Callable[[str], None]) -> tuple[float | None, int]:
    with laboratory(name, KINDS, base, lambda _text: None) as lab:
        first, second = lab.plan.hosts
        rules = _COUNTER.replace("A", first.public_address).replace("B", second.public_address)
        netns.nft(lab.plan.wan, rules)
        lab.start(roles.roles(lab.plan))
        code, _ = party.found(lab.folder, lab.plan, lab.record.name)
        with Watch(lab.folder) as watch:
            for host in lab.plan.hosts:
                watch.add(host)
            begin = time.monotonic()
            party.join(lab.folder, second, code)
            when = watch.until_paths([(first.name, second.name)], [DIRECT], WITHIN_S)
        return None if when is None else round(when - begin, 2), packets_spent(lab)


def packets_spent(lab: Lab) -> int:
    """Datagrams between the two sites that passed the WAN, in both directions."""
    with netns.entered(lab.plan.wan):
        text = netns.run(["nft", "list", "table", "ip", "spent"])
    return sum(map(int, re.findall(r"counter packets (\d+)", text)))
