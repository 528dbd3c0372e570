"""How a member's multicast datagram reaches every socket of this machine exactly once (``docs/protocol-lan.rst``).

A game that joins a group without naming a card joins it on the card of the default route, where our frames do not
arrive. Either its socket is made a member on the LAN card as well (adopted), and one frame there reaches it; or, where
that is not permitted, the datagram is sent to the real card and looped back before it leaves (the raw way).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from ipaddress import IPv4Address

import attrs

from lanrage.core.frame_rules import ALL_HOSTS, is_game_group


@attrs.frozen
class GroupOnCard:
    """A multicast group as joined on one card.

    :param index: the card's interface index.
    """

    group: IPv4Address
    index: int


@attrs.frozen
class Scan:
    """What a look at this machine's sockets found.

    :param found: how many sockets are members of each group on each real card, of those that could be asked.
    :param adopted: sockets that are members on the LAN card because of us.
    :param denied: sockets that could not be asked: another user's, or gone meanwhile.
    """

    found: Mapping[GroupOnCard, int] = attrs.Factory(dict)
    adopted: int = 0
    denied: int = 0


def may_adopt(group: IPv4Address) -> bool:
    """Whether sockets of this group are adopted: groups that are carried, without the one every card is in anyway."""
    return group != ALL_HOSTS and is_game_group(group)


def raw_ways(wanted: Mapping[GroupOnCard, int], on_card: Collection[IPv4Address], scan: Scan) -> dict[IPv4Address, int]:
    """The groups that take the raw way, each by one real card.

    :param wanted: sockets joined to each group on each real card.
    :param on_card: groups that have a member on the LAN card: those never, since a socket that listens to all
        cards would get two.
    :param scan: what could be adopted.
    :return: the card's interface index by group; of several cards the one with the most members left over.
    """
    left: dict[IPv4Address, tuple[int, int]] = {}
    for place, users in wanted.items():
        over = users - scan.found.get(place, 0)
        if over > 0 and place.group not in on_card and over > left.get(place.group, (0, 0))[0]:
            left[place.group] = (over, place.index)
    return {group: index for group, (_, index) in left.items()}


def wanted_places(rows: Iterable[tuple[int, IPv4Address, int]], excluded: Collection[int]) -> dict[GroupOnCard, int]:
    """The groups joined on real cards.

    :param rows: (interface index, group, sockets joined).
    :param excluded: interface indices that are no real cards: loopback, the LAN card, the tunnel.
    """
    return {
        GroupOnCard(group, index): users for index, group, users in rows if index not in excluded and may_adopt(group)
    }
