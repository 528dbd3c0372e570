"""The commands that may be run as root on the user's word: a closed list; pure (``docs/rights.rst``)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from lanrage.core.firewall_commands import DEVICES, Firewall, steps
from lanrage.core.rights import GROUP, LOADS_TUN, OPENS_TUN, STARTS_NODE, USER_RULE, is_user
from lanrage.errors import BadInput

LOADS_WIREGUARD = ("modprobe", "wireguard")

FIXED: dict[str, tuple[str, ...]] = {
    "node": STARTS_NODE,
    "tun": LOADS_TUN,
    "tun-access": OPENS_TUN,
    "wireguard": LOADS_WIREGUARD,
}
"""What ``lanrage rights grant`` runs, by its name there."""

JOINS_GROUP = ("usermod", "-aG", GROUP)
"""Followed by the user."""

_PLACE = "DEVICE"


def grant_command(name: str, user: str) -> tuple[str, ...]:
    """The words of a grant.

    :param name: of :data:`FIXED`, or ``group``.
    :param user: who is put into the group.
    :raises BadInput: names ``grant`` or ``user``.
    """
    if name == "group":
        if not is_user(user):
            raise BadInput("user", USER_RULE)
        return (*JOINS_GROUP, user)
    if name not in FIXED:
        raise BadInput("grant", f"must be one of group, {', '.join(FIXED)}")
    return FIXED[name]


def check_permitted(words: Sequence[str], devices: Collection[str] = DEVICES) -> tuple[str, ...]:
    """The words, where the list has them.

    :param devices: LANrage's own, the only ones that a firewall may be told to let in: all that comes by a device that
        is let in passes, so that a card of the machine's must not be among them.
    :raises BadInput: names ``command``, or ``device`` where another device would be let in.
    """
    given = tuple(words)
    if (given[:-1] == JOINS_GROUP and is_user(given[-1])) or given in FIXED.values():
        return given
    for pattern in _firewall_commands():
        device = _device_in(given, pattern)
        if device in devices:
            return given
        if device is not None:
            known = ", ".join(sorted(devices))
            raise BadInput("device", f"{device!r} is no tunnel or card of LANrage's; those of this machine are {known}")
    raise BadInput("command", "is none of those that LANrage runs as root")


def _firewall_commands() -> Iterator[tuple[str, ...]]:
    """Those of firewalld and ufw, with a word in the place of the device."""
    for firewall in Firewall:
        for step in steps(firewall, (_PLACE,)):
            yield from (step.allow, step.remove)


def _device_in(given: tuple[str, ...], pattern: tuple[str, ...]) -> str | None:
    """The word that stands in every place of a pattern's device; None where these are not the pattern's words."""
    places = [position for position, word in enumerate(pattern) if _PLACE in word]
    if len(given) != len(pattern) or not places:
        return None
    before, _, after = pattern[places[0]].partition(_PLACE)
    word = given[places[0]]
    device = word[len(before) : len(word) - len(after)]
    return device if given == tuple(each.replace(_PLACE, device) for each in pattern) else None
