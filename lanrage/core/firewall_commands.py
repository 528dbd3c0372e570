"""How a party is let in by firewalld and ufw: their own commands, as words (``docs/guard.rst``); pure.

Let in is the whole device: which ports members reach there is the party firewall's to say. Each step has a question, so
that what is so already is not done again, and nothing is removed that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

import attrs

from lanrage.core.links import check_device_name

ZONE = "trusted"
"""firewalld's zone that accepts all."""
COMMENT = "LANrage"
"""Marks our rules in ``ufw status``."""
DEVICES = ("lanrage-wg0", "lanrage0")
"""Tunnel and card of a node that is told no other names; leftovers of a crash are looked for under them, too."""


class Firewall(Enum):
    """A firewall with tools of its own; the value is the program."""

    FIREWALLD = "firewall-cmd"
    UFW = "ufw"

    @property
    def title(self) -> str:
        """As users know it."""
        return "firewalld" if self is Firewall.FIREWALLD else "ufw"


@attrs.frozen
class Step:
    """One change.

    :param device: that is let in.
    :param ask: words of a command that tells whether it is so.
    :param line: the line of its output that says yes; empty: its exit status 0 does.
    :param allow: words of the command that makes it so.
    :param remove: words of the command that takes it back.
    """

    device: str
    ask: tuple[str, ...]
    line: str
    allow: tuple[str, ...]
    remove: tuple[str, ...]


def steps(firewall: Firewall, devices: Iterable[str]) -> list[Step]:
    """The steps for these devices.

    :raises BadInput: for what is no device's name.
    """
    make = _firewalld if firewall is Firewall.FIREWALLD else _ufw
    return [step for device in devices for step in make(check_device_name(device))]


def is_so(step: Step, status: int, output: str) -> bool:
    """Whether an answer to :attr:`Step.ask` says that a device is let in."""
    if not step.line:
        return status == 0
    return any(line == step.line or line.startswith(f"{step.line} comment ") for line in output.splitlines())


def _firewalld(device: str) -> Iterator[Step]:
    """Now, and after its next start; a reload, which would drop what other programs added, is not needed so."""
    for scope in ((), ("--permanent",)):
        words = (Firewall.FIREWALLD.value, *scope, f"--zone={ZONE}")
        ask = (*words, f"--query-interface={device}")
        yield Step(device, ask, "", (*words, f"--change-interface={device}"), (*words, f"--remove-interface={device}"))


def _ufw(device: str) -> Iterator[Step]:
    rule = ("allow", "in", "on", device)
    ufw = Firewall.UFW.value
    yield Step(
        device, (ufw, "show", "added"), " ".join((ufw, *rule)), (ufw, *rule, "comment", COMMENT), (ufw, "delete", *rule)
    )
