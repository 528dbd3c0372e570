"""``lanrage lab paths``, section ``switches``: after each agreed switch both ends' WireGuard sends where was agreed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import attrs

from lanrage.lab.paths import DIRECT, RELAY
from lanrage.lab.paths_stage import Stage, Table, names
from lanrage.lab.plan import PUBLIC_ADDRESSES, Host
from lanrage.lab.wireguard import endpoints

KINDS = ("open", "restricted", "cone", "open")
"""Six pairs switch at once."""

SWITCH_S = 60.0
"""How long a switch is awaited: what was dead is tried again each few seconds, and must be trusted again."""
AGREE_S = 2.0
"""Both ends' WireGuard must send to the agreed place within this time; it follows the last packet that it heard."""
STAY_S = 1.0
"""After that all is looked at once more: what was agreed must stay."""

RELAY_BACK_S = 5.0
"""Between the relay's return and the death of the direct paths: a path that was open once is tried again each 3 s."""


@attrs.frozen
class End:
    """One end of a pair after a switch.

    :param kind: of the path, as its node tells.
    :param agreed: where the node says that packets go.
    :param used: where WireGuard sends them.
    """

    kind: str
    agreed: str | None
    used: str | None


def fits(ends: tuple[End, End], wanted: str, public: tuple[str, str]) -> bool:
    """Whether both ends send by the wanted kind of path, and to the right place.

    :param public: the public address of each end.
    """
    for end, other in zip(ends, reversed(public), strict=True):
        if end.kind != wanted or end.used is None or end.used != end.agreed:
            return False
        address = end.used.rpartition(":")[0]
        if (address in PUBLIC_ADDRESSES) != (wanted == RELAY) or (wanted == DIRECT and address != other):
            return False
    return True


def switches(stage: Stage, kinds: tuple[str, ...] = KINDS) -> None:
    """Kill the direct paths and the relay's in turn under 100 packets a second in each pair."""
    done = agreed = 0
    wrong: list[str] = []
    with stage.party("switches", kinds) as table:
        table.need()
        pairs = table.pairs()
        with table.playing(*pairs) as flows:
            for wanted in _turns():
                if done >= stage.switches:
                    break
                good = _switch(stage, table, pairs, wanted)
                done, agreed = done + len(pairs), agreed + len(good)
                wrong += ["-".join(names(p)) + f" to {wanted}" for p in pairs if p not in good]
                stage.say(f"switches: {agreed} of {done} agreed")
                if not good:
                    break
    stage.result.figures["switches"] = done
    stage.result.figures["switches_wrong"] = wrong
    stage.result.exactly("switches_agreed", agreed, done)
    stage.result.figures["switches_lost_packets"] = sum(flow.record.lost() for flow in flows)
    if done < stage.switches:
        stage.result.fail(f"switches: only {done} of {stage.switches} could be made")


def _turns() -> Iterator[str]:
    while True:
        yield RELAY
        yield DIRECT


def _switch(stage: Stage, table: Table, pairs: list[tuple[Host, Host]], wanted: str) -> list[tuple[Host, Host]]:
    """Let one kind of path die and the other live; the pairs that agreed, and whose ends stayed with it."""
    if wanted == RELAY:
        table.cut_relays(False)
        time.sleep(RELAY_BACK_S)
    for pair in pairs:
        table.weather(pair, block=wanted == RELAY)
    if wanted == DIRECT:
        table.cut_relays(True)
    moved = table.watch.until_paths(map(names, pairs), [wanted], SWITCH_S)
    if moved is None:
        stage.say(f"switches: not all pairs moved to {wanted} within {SWITCH_S:.0f} s")
    table.watch.until(lambda: len(_fitting(table, pairs, wanted)) == len(pairs), AGREE_S)
    time.sleep(STAY_S)
    return _fitting(table, pairs, wanted)


def _fitting(table: Table, pairs: list[tuple[Host, Host]], wanted: str) -> list[tuple[Host, Host]]:
    used = {host.name: endpoints(host) for host in table.lab.plan.hosts}
    return [pair for pair in pairs if fits(_ends(table, used, pair), wanted, _public(pair))]


def _public(pair: tuple[Host, Host]) -> tuple[str, str]:
    return pair[0].public_address, pair[1].public_address


def _ends(table: Table, used: dict[str, dict[str, str]], pair: tuple[Host, Host]) -> tuple[End, End]:
    first, second = pair
    here, there = table.watch.pair(first.name, second.name)
    return (
        End(here.path, here.row.get("endpoint"), used[first.name].get(table.addresses[second.name])),
        End(there.path, there.row.get("endpoint"), used[second.name].get(table.addresses[first.name])),
    )
