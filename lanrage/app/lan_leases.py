"""Leases as a part of the LAN plane: announcements that come again and again are granted once, and repeated there.

What is decided is in :mod:`lanrage.core.lease_origin` and :mod:`lanrage.core.lease_replay`; here are the clock, the
plane's stages and the bytes (``docs/protocol-lan.rst``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import IPv4Address

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from lanrage.app.lan_stages import Plane
from lanrage.core import frame_rules
from lanrage.core.budget import Budget
from lanrage.core.lan_frames import Drop, Frame, PartyLan
from lanrage.core.lease_origin import LeaseOrigin
from lanrage.core.lease_replay import ReplayTable
from lanrage.core.leases import LEASES_LIMIT, Cancel, Grant, Have, Hello, Lack, Message, Renew
from lanrage.errors import DecodeError
from lanrage.wire.frames import Kind
from lanrage.wire.leases import decode, encode
from lanrage.wire.packets import write_frame

SHORTEST_WAIT = 0.001
"""Seconds until the next look at the least: a time that rounding keeps just ahead is no reason to spin."""

LEASE_RATE, LEASE_BURST = 2.0 * LEASES_LIMIT, 8.0 * LEASES_LIMIT
"""Messages about leases a second, and at once, taken from one member: a grant and an answer for each lease that either
may have, each second, which is as often as one is granted again; at once, all of them granted, answered, cancelled and
given up, twice."""

Judge = Callable[[Frame, IPv4Address, PartyLan], Drop | None]


class LanLeases:
    """The leases that this member gives, and those that it was given.

    :param clock: the plane's.
    :param epoch: drawn when the plane was made, 32 bit.
    :param judge: why a frame of a member may not be leased to this one, or ``None``.
    """

    def __init__(
        self,
        clock: IReactorTime,
        plane: Plane,
        epoch: int,
        *,
        judge: Judge = frame_rules.inbound,
    ) -> None:
        self._clock, self._plane, self._judge = clock, plane, judge
        self._origin, self._table = LeaseOrigin(epoch), ReplayTable(self._path_dead)
        self._heard: Budget[IPv4Address] = Budget(LEASE_RATE, LEASE_BURST)
        self._timer: IDelayedCall | None = None
        self._running = False
        self._replayed = 0
        plane.outgoing.leased = self.sent
        plane.incoming.repeated = self._table.carried
        plane.incoming.takers[Kind.LEASE] = self.take

    # --- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin with the members that there are."""
        self._running = True
        self.set_members(self._plane.lan)

    def stop(self) -> None:
        """Cancel what was granted, repeat nothing more."""
        self._origin.end(self._plane.now())
        self._speak()
        self._running = False
        self._table.keep_only(())
        self._origin.set_members((), self._plane.now())
        self._schedule()

    def set_members(self, lan: PartyLan) -> None:
        """See :class:`lanrage.app.lan_stages.LanPart`."""
        if not self._running:
            return
        members = lan.members.values()
        self._table.keep_only(members)
        self._origin.set_members(members, self._plane.now())
        self._act()

    def counters(self) -> dict[str, int]:
        """Leases of this machine that live, those of others that are held, and what was done since the start."""
        tally = self._origin.tally
        return {
            "leases_live": len(self._origin),
            "leases_held": len(self._table),
            "leases_granted": tally.granted,
            "leases_renewed": tally.renewed,
            "leases_cancelled": tally.cancelled,
            "leases_replayed": self._replayed,
        }

    # --- inputs -------------------------------------------------------------------------------------------------------

    def sent(self, frame: Frame, _data: bytes, now: float) -> Collection[IPv4Address]:
        """This machine sent a frame; the members that repeat it by themselves."""
        if not self._running:
            return ()
        covered = tuple(self._origin.sent(frame, now))
        if self._origin.says:
            self._act()
        return covered

    def take(self, data: bytes, member: IPv4Address, now: float) -> Drop | None:
        """A member said something about leases."""
        if not self._running:
            return None
        if not self._heard.allow(member, now):
            return Drop.LEASE
        try:
            message = decode(data)
        except DecodeError:
            return Drop.LEASE
        refusal = self._hear(message, member, now)
        self._act()
        return refusal

    def replay_now(self, ports: Collection[int] = (), groups: Collection[IPv4Address] = ()) -> None:
        """A socket of this machine was opened on one of these UDP ports, or joined one of these groups."""
        self._table.replay_now(ports, groups, self._plane.now())
        self._show()

    # --- within -------------------------------------------------------------------------------------------------------

    def _hear(self, message: Message, member: IPv4Address, now: float) -> Drop | None:
        if isinstance(message, Grant):
            refusal = self._judge(message.frame, member, self._plane.lan)
            return Drop.LEASE if refusal is not None else self._table.granted(message, member, now)
        if isinstance(message, Renew):
            self._table.renewed(message, member, now)
        elif isinstance(message, Cancel):
            self._table.cancelled(message, member)
        elif isinstance(message, Hello):
            self._table.greeted(message, member)
            self._origin.greeted(message, member, now)
        elif message.epoch == self._origin.epoch:
            self._answered(message, member, now)
        return None

    def _answered(self, message: Have | Lack, member: IPv4Address, now: float) -> None:
        if isinstance(message, Have):
            self._origin.has(message.leases, member, now)
        else:
            self._origin.lacks(message.leases, member, now)

    def _path_dead(self, member: IPv4Address) -> bool:
        return self._plane.path_dead(member)

    def _wake(self) -> None:
        self._timer = None
        self._origin.wake(self._plane.now())
        self._act()

    def _act(self) -> None:
        self._table.wake(self._plane.now())
        self._show()
        self._speak()
        self._schedule()

    def _show(self) -> None:
        shows, self._table.shows = self._table.shows, []
        for member, frame in shows:
            self._replayed += self._plane.inject(write_frame(frame), member)

    def _speak(self) -> None:
        says, self._origin.says = self._origin.says, []
        answers, self._table.says = self._table.says, []
        for message, members in says:
            self._plane.say(Kind.LEASE, encode(message), members)
        for answer, member in answers:
            self._plane.say(Kind.LEASE, encode(answer), (member,))

    def _schedule(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        times = [each for each in (self._origin.next_wake(), self._table.next_wake()) if each is not None]
        if self._running and times:
            self._timer = self._clock.callLater(max(SHORTEST_WAIT, min(times) - self._plane.now()), self._wake)
