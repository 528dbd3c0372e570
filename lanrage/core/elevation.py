"""The commands that may be run as root on the user's word: a closed list; pure (``docs/rights.rst``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lanrage.core.firewall_commands import Firewall, steps
from lanrage.core.links import check_device_name
from lanrage.core.rights import GROUP, LOADS_TUN, OPENS_TUN, STARTS_NODE, is_user
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
            raise BadInput("user", "must be a user's name: small letters, digits, _ and -")
        return (*JOINS_GROUP, user)
    if name not in FIXED:
        raise BadInput("grant", f"must be one of group, {', '.join(FIXED)}")
    return FIXED[name]


def check_permitted(words: Sequence[str]) -> tuple[str, ...]:
    """The words, where the list has them.

    :raises BadInput: names ``command``.
    """
    given = tuple(words)
    joins = given[:-1] == JOINS_GROUP and is_user(given[-1])
    if joins or given in FIXED.values() or any(_fits(given, each) for each in _firewall_commands()):
        return given
    raise BadInput("command", "is none of those that LANrage runs as root")


def _firewall_commands() -> Iterator[tuple[str, ...]]:
    """Those of firewalld and ufw, with a word in the place of the device."""
    for firewall in Firewall:
        for step in steps(firewall, (_PLACE,)):
            yield from (step.allow, step.remove)


def _fits(given: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether these are a pattern's words with one device's name in every place."""
    places = [position for position, word in enumerate(pattern) if _PLACE in word]
    if len(given) != len(pattern) or not places:
        return False
    before, _, after = pattern[places[0]].partition(_PLACE)
    word = given[places[0]]
    device = word[len(before) : len(word) - len(after)]
    if device.startswith("-"):
        return False
    try:
        check_device_name(device)
    except BadInput:
        return False
    return given == tuple(each.replace(_PLACE, device) for each in pattern)
