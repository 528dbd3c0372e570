"""How members tell each other what they hear, so that a lost message is noticed (``docs/protocol-interest.rst``).

Each machine counts the changes of its interest. A change names its number, a receiver that missed one before asks for
all, and until that comes, the member wants everything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Address

import attrs

from lanrage.core.interest import EVERYTHING, Interest
from lanrage.core.lan_frames import Frame

CLOSED_SECONDS = 2.0
"""How long something closed is still told as open: short-lived sockets of other programs cause half the messages."""

LARGEST_CHANGE = 256
"""Ports and groups of one change; where more changed, all is told: hardly longer, and it fits a frame for certain."""

REPEATS = (0.2, 1.0)
"""Seconds after a change at which its number is told again, so that its loss is noticed soon."""

REFRESH_SECONDS = 10.0
"""How often the number is told where nothing changes: 41 bytes a member."""

STALE_SECONDS = 35.0
"""A member that told nothing for so long (three refreshes lost) is unknown again, and wants everything."""

MAX_RETIRED = 4
"""Earlier starts of a member whose late messages are known as such."""


@attrs.frozen
class Told:
    """All of a machine's interest.

    :param epoch: drawn at its node's start, 32 bit.
    :param revision: how often it changed since then.
    """

    epoch: int
    revision: int
    interest: Interest


@attrs.frozen
class Changed:
    """What became of the interest with the number before `revision`."""

    epoch: int
    revision: int
    opened: Interest
    closed: Interest


@attrs.frozen
class Held:
    """The interest is as it was.

    :param digest: of :meth:`~lanrage.core.interest.Interest.digest`.
    """

    epoch: int
    revision: int
    digest: bytes


@attrs.frozen
class Ask:
    """The sender does not know what the receiver hears."""


Message = Told | Changed | Held | Ask


@attrs.define
class OwnInterest:
    """This machine's interest as it was told.

    :param epoch: drawn at this node's start.
    """

    epoch: int
    revision: int = 0
    interest: Interest = EVERYTHING
    _closed_since: float | None = None
    _due: list[float] = attrs.field(factory=list)

    def update(self, interest: Interest, now: float) -> Told | Changed | None:
        """The interest is this now.

        :return: what to tell all members, if anything.
        """
        before = self.interest
        if interest == before:
            self._closed_since = None
            return None
        opened, closed = interest.without(before), before.without(interest)
        whole = interest.everything or before.everything
        if not whole and not opened and self._lingers(now):
            return None
        self.interest, self._closed_since = interest, None
        self.revision += 1
        self._due = [now + each for each in (*REPEATS, REFRESH_SECONDS)]
        if whole or len(opened) + len(closed) > LARGEST_CHANGE:
            return self.told()
        return Changed(self.epoch, self.revision, opened, closed)

    def told(self) -> Told:
        """All of it."""
        return Told(self.epoch, self.revision, self.interest)

    def due(self, now: float) -> Held | None:
        """The refresh, if it is time for one."""
        if not self._due:
            self._due = [now]
        if self._due[0] > now:
            return None
        later = [each for each in self._due if each > now]
        self._due = later or [now + REFRESH_SECONDS]
        return Held(self.epoch, self.revision, self.interest.digest())

    def _lingers(self, now: float) -> bool:
        """Whether what only closed is still told as open."""
        if self._closed_since is None:
            self._closed_since = now
        return now - self._closed_since < CLOSED_SECONDS


@attrs.frozen
class _Known:
    """What is known of one member.

    :param revision: the highest told; what is older says nothing new.
    :param interest: ``None`` where a message was missed.
    :param heard: when it was last confirmed.
    :param retired: epochs before this one.
    """

    epoch: int
    revision: int
    interest: Interest | None
    heard: float
    retired: tuple[int, ...] = ()


@attrs.define
class MemberInterests:
    """What the other members hear."""

    _known: dict[IPv4Address, _Known] = attrs.field(factory=dict)

    def wants(self, member: IPv4Address, frame: Frame, now: float) -> bool:
        """Whether this member may have use for `frame`."""
        known = self._known.get(member)
        if known is None or known.interest is None or now - known.heard > STALE_SECONDS:
            return True
        return known.interest.wants(frame)

    def take(self, member: IPv4Address, message: Told | Changed | Held, now: float) -> bool:
        """A member said this.

        :return: whether something was missed, so that the member is to be asked for all.
        """
        known = self._known.get(member)
        if known is not None and message.epoch in known.retired:
            return False
        if known is not None and message.epoch == known.epoch:
            after = _follow(known, message, now)
        else:
            retired = () if known is None else (known.epoch, *known.retired)[:MAX_RETIRED]
            interest = message.interest if isinstance(message, Told) else None
            after = _Known(message.epoch, message.revision, interest, now, retired)
        self._known[member] = after
        return after.interest is None

    def unknown(self, members: Collection[IPv4Address], now: float) -> Iterator[IPv4Address]:
        """Those of `members` whose interest is not known."""
        for member in members:
            known = self._known.get(member)
            if known is None or known.interest is None or now - known.heard > STALE_SECONDS:
                yield member

    def keep_only(self, members: Collection[IPv4Address]) -> None:
        """Forget all others."""
        for member in self._known.keys() - set(members):
            del self._known[member]


def _follow(known: _Known, message: Told | Changed | Held, now: float) -> _Known:
    """What is known after a message of the same start of the member."""
    if message.revision < known.revision:
        return known
    interest: Interest | None = None
    if isinstance(message, Told):
        interest = message.interest
    elif isinstance(message, Held):
        if message.revision == known.revision and known.interest is not None:
            interest = known.interest if known.interest.digest() == message.digest else None
    elif message.revision == known.revision:
        interest = known.interest  # said twice
    elif message.revision == known.revision + 1 and known.interest is not None and not known.interest.everything:
        interest = known.interest.changed(message.opened, message.closed)
    return attrs.evolve(known, revision=message.revision, interest=interest, heard=now)
