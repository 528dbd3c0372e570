"""The doctor's report: judged facts, safe to paste (``docs/doctor.rst``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lanrage import __version__
from lanrage.app.doctor import collect_local
from lanrage.app.doctor_results import Doctored
from lanrage.core.diagnosis import Check, Facts, Level
from lanrage.core.doctor_faults import found, worst
from lanrage.core.firewall_commands import DEVICES
from lanrage.core.hiding import NO_NAMES, Hider, MachineNames, host_names
from lanrage.core.judgement import judge
from lanrage.core.links import WIREGUARD_PORT
from lanrage.errors import BadInput, LanrageError, MissingRight, Unreachable
from lanrage.net.machine_names import machine_names

STABLE = frozenset({"level", "fault", "id"})
"""Fields of a check whose words programs go by."""
WORDS = ("ready", "missing", "denied", "loaded", "available")
"""Values of facts that are one of a few words, whatever hosts are called."""


def report(
    facts: Facts, *, hide_addresses: bool = True, member: str = "", names: MachineNames = NO_NAMES
) -> dict[str, Any]:
    """Judge facts: a :class:`lanrage.app.doctor_results.Doctored` as plain values.

    :param hide_addresses: replace IP addresses, host and login names by stable names, home folders by ``~``; keys and
        codes are hidden always.
    :param member: leave out what concerns other members.
    :param names: of the machine and its people.
    """
    checks = judge(facts, member)
    node = facts.node
    servers = [node.control.address] if node is not None and node.control is not None else []
    relays = [relay.address for relay in node.relays] if node is not None else []
    hider = Hider(host_names([*servers, *relays]), hide_addresses, names)
    told = [_hidden(check, hider) for check in checks]
    return headed({"checks": told, "facts": _named(msgspec.to_builtins(facts), hider)})


def _hidden(check: Check, hider: Hider) -> dict[str, Any]:
    """A finding without secrets; its stable words are none, though a host be called like one of them."""
    plain: dict[str, Any] = msgspec.to_builtins(check)
    return {name: value if name in STABLE else hider.value(value) for name, value in plain.items()}


def _named(facts: Any, hider: Hider) -> Any:
    """Facts without secrets; their fields keep their names."""
    if isinstance(facts, dict):
        return {name if name.isidentifier() else hider.text(name): _named(facts[name], hider) for name in facts}
    if isinstance(facts, list | tuple):
        return [_named(each, hider) for each in facts]
    return facts if facts in WORDS else hider.value(facts)


def headed(told: dict[str, Any]) -> dict[str, Any]:
    """A report with its first line, from its checks."""
    checks = msgspec.convert(told["checks"], list[Check])
    first = worst(checks)
    return {
        "headline": headline(checks, first),
        "fault": first.fault if first is not None else "",
        "ok": not any(check.failed for check in checks),
        **{name: told[name] for name in ("checks", "facts")},
    }


def headline(checks: list[Check], first: Check | None) -> str:
    """One sentence for the first line.

    :param first: what is wrong most.
    """
    failures = sum(check.failed for check in checks)
    if first is None:
        return f"All is well: {len(checks)} checks"
    others = sum(check.level in ("failure", "warning") for check in checks) - 1
    more = f" (and {others} more)" if others else ""
    words = f"{first.name}: {first.sentence}{more}"
    return words if failures else f"No failure, but {words}"


def examine(
    ask: Callable[[], Any], *, hide_addresses: bool = True, names: Callable[[], MachineNames] = machine_names
) -> dict[str, Any]:
    """What a command shows: the node's own report, with what only this side sees; without a node, what this side sees.

    :param ask: gives the node's report, or raises an error of the house.
    :param names: of the machine and its people; a test's own, else what the system says.
    :raises BadInput: field ``member``: the node knows no such member.
    """
    try:
        told = msgspec.convert(ask(), Doctored)
    except msgspec.ValidationError as error:
        return _without(found("node_version", f"the node is of another version: {error}"), hide_addresses, names())
    except BadInput as error:
        if error.field == "member":
            raise
        return _without(found("node_version", f"the node knows no such report: {error}"), hide_addresses, names())
    except LanrageError as error:
        if not isinstance(error, Unreachable | MissingRight):
            return _without(found("node_lacks", str(error)), hide_addresses, names())
        # Whoever may not ask the node cannot tell who holds its port.
        port = None if isinstance(error, MissingRight) else WIREGUARD_PORT
        facts = Facts(collect_local(DEVICES, port), node_error=str(error))
        return report(facts, hide_addresses=hide_addresses, names=names())
    plain: dict[str, Any] = msgspec.to_builtins(told)
    return headed({**plain, "checks": [*plain["checks"], *_own_view(told)]})


def _own_view(told: Doctored) -> list[dict[str, Any]]:
    node = told.facts.node
    if node is None or node.version == __version__:
        return []
    level: Level = "warning"
    words = f"this command is of version {__version__}, the node of {node.version}"
    plain: dict[str, Any] = msgspec.to_builtins(found("node_version", words, level=level))
    return [plain]


def _without(first: Check, hide_addresses: bool, names: MachineNames) -> dict[str, Any]:
    """A node that answers, but not in our words."""
    told = report(Facts(collect_local(DEVICES)), hide_addresses=hide_addresses, names=names)
    rest = [check for check in told["checks"] if check["fault"] != "node_absent"]
    return headed({**told, "checks": [_hidden(first, Hider(addresses=hide_addresses, names=names)), *rest]})
