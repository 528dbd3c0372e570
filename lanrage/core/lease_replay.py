"""The receiver's side of leases: holds what members granted, and says when to repeat it (``docs/protocol-lan.rst``).

Nothing leaves the machine but answers to the origin; what is repeated goes into this machine's own card. A member can
have at most :data:`~lanrage.core.leases.LEASES_LIMIT` frames held here, each repeated five times a second at the most.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from ipaddress import IPv4Address

import attrs

from lanrage.core import beacons
from lanrage.core.lan_frames import Drop, Frame, Udp
from lanrage.core.leases import (
    EARLY,
    LEASES_LIMIT,
    SHORTEST_PERIOD,
    Beat,
    Cancel,
    Grant,
    Have,
    Hello,
    Lack,
    Renew,
    lasts,
    tolerance,
)

CARRIED_SLACK = 0.05
"""Seconds that the carrier may be uneven: a carried frame so much beyond the tolerance is still that of a beat."""


@attrs.define
class Held:
    """One lease of a member.

    :ivar phase: when beat number `beat` was, by this machine's clock.
    :ivar shown: the last beat that is not repeated any more: shown here, or carried by the origin.
    :ivar repeated: the last beat that was repeated here and not carried since, or -1.
    :ivar granted: when beat 0 was.
    :ivar until: when it ends without a renewal.
    """

    frame: Frame
    beat: int
    phase: float
    period: float
    shown: int
    granted: float
    until: float
    repeated: int = -1
    at_once: float = float("-inf")

    @classmethod
    def of(cls, grant: Grant, now: float) -> Held:
        """A lease just granted."""
        at = grant.at
        phase = now - at.age
        granted, shown = phase - at.beat * at.period, at.beat - grant.show
        return cls(grant.frame, at.beat, phase, at.period, shown, granted, now + lasts(at.period))

    def time_of(self, beat: int) -> float:
        """When this beat is."""
        return self.phase + (beat - self.beat) * self.period

    def begun(self, now: float) -> int:
        """The last beat that was."""
        return self.beat + int((now + EARLY - self.phase) // self.period)

    def due(self) -> float:
        """When it is repeated next."""
        return self.time_of(self.shown + 1)

    def renewed(self, at: Beat, now: float) -> None:
        """The origin says where it stands; half of a small difference is the carrier's, so half of it is taken over."""
        said, known = now - at.age, self.time_of(at.beat)
        near = abs(said - known) <= tolerance(self.period)
        self.phase = (said + known) / 2 if near else said
        self.beat, self.period, self.until = at.beat, at.period, now + lasts(at.period)
        self.shown = min(self.shown, self.begun(now) + 1)

    def take(self, now: float) -> bool:
        """Whether a beat is due; those that were slept through count as one."""
        if self.due() > now + EARLY:
            return False
        self.shown = max(self.shown + 1, self.begun(now))
        return True

    def off(self, now: float) -> float:
        """Seconds from the nearest beat."""
        return abs(now - self.time_of(self.beat + round((now - self.phase) / self.period)))

    def carried(self, now: float) -> bool:
        """The origin carried the nearest beat: whether it was repeated here already; if not, it will not be."""
        beat = self.beat + round((now - self.phase) / self.period)
        self.until = now + lasts(self.period)  # the origin lives, and so does its announcement
        if beat == self.repeated:
            self.repeated = -1
            return True
        self.shown = max(self.shown, beat)
        return False

    def at(self, when: float) -> Frame:
        """The announcement as it is at that time."""
        return beacons.later(self.frame, max(0.0, when - self.granted))

    def goes_to(self, ports: Collection[int], groups: Collection[IPv4Address]) -> bool:
        """Whether a socket on one of these ports, or in one of these groups, hears it."""
        content = self.frame.content
        return isinstance(content, Udp) and (content.destination_port in ports or content.destination in groups)


@attrs.define
class _Origin:
    epoch: int
    leases: dict[int, Held] = attrs.field(factory=dict)

    def same(self, frame: Frame) -> Iterator[Held]:
        """Its leases of this announcement: one for each copy in a burst."""
        form = beacons.template(frame)
        return (held for held in self.leases.values() if beacons.template(held.frame) == form)


@attrs.define
class ReplayTable:
    """What all members granted to this one.

    :param path_dead: whether no path to a member is open: what it granted is not repeated then.
    :ivar says: messages to send, each with the member that it is for; taken by whoever drives this.
    :ivar shows: frames to receive now, each with the member that it is from; likewise.
    """

    path_dead: Callable[[IPv4Address], bool] = lambda member: False
    says: list[tuple[Have | Lack, IPv4Address]] = attrs.field(factory=list)
    shows: list[tuple[IPv4Address, Frame]] = attrs.field(factory=list)
    _origins: dict[IPv4Address, _Origin] = attrs.field(factory=dict)

    def __len__(self) -> int:
        """Leases held."""
        return sum(len(origin.leases) for origin in self._origins.values())

    # --- what members say ---------------------------------------------------------------------------------------------

    def greeted(self, hello: Hello, member: IPv4Address) -> None:
        """A member began anew: what it granted before is over."""
        self._of(member, hello.epoch)

    def granted(self, grant: Grant, member: IPv4Address, now: float) -> Drop | None:
        """A member granted a lease, or says again that it did.

        :return: why it is not held.
        """
        leases = self._of(member, grant.epoch).leases
        held = leases.get(grant.at.lease)
        if held is None or held.frame != grant.frame:
            if held is None and len(leases) >= LEASES_LIMIT:
                return Drop.LEASE
            leases[grant.at.lease] = Held.of(grant, now)
        else:
            held.renewed(grant.at, now)
        self.says.append((Have(grant.epoch, (grant.at.lease,)), member))
        return None

    def renewed(self, renew: Renew, member: IPv4Address, now: float) -> None:
        """A member says that leases go on; those that are not held here are asked for."""
        origin = self._origins.get(member)
        known = origin.leases if origin is not None and origin.epoch == renew.epoch else {}
        lacking = tuple(at.lease for at in renew.beats if at.lease not in known)
        for at in renew.beats:
            if at.lease in known:
                known[at.lease].renewed(at, now)
        if lacking:
            self.says.append((Lack(renew.epoch, lacking), member))

    def cancelled(self, cancel: Cancel, member: IPv4Address) -> None:
        """A member ended leases."""
        origin = self._origins.get(member)
        if origin is not None and origin.epoch == cancel.epoch:
            for lease in cancel.leases:
                origin.leases.pop(lease, None)
        self.says.append((Lack(cancel.epoch, cancel.leases), member))

    def carried(self, frame: Frame, member: IPv4Address, now: float) -> bool:
        """A member carried this frame: whether this machine repeated the same announcement just now."""
        origin = self._origins.get(member)
        if origin is None or not origin.leases:
            return False
        held = min(origin.same(frame), key=lambda each: each.off(now), default=None)
        if held is None or held.off(now) > tolerance(held.period) + CARRIED_SLACK:
            return False
        return held.carried(now)

    # --- time ---------------------------------------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        """Repeat what is due, drop what was not renewed and ask for it."""
        for member, origin in self._origins.items():
            silent = self.path_dead(member)
            for lease, held in list(origin.leases.items()):
                if held.until <= now:
                    del origin.leases[lease]
                    self.says.append((Lack(origin.epoch, (lease,)), member))
                elif held.take(now) and not silent:
                    held.repeated = held.shown
                    self.shows.append((member, held.at(held.time_of(held.shown))))

    def next_wake(self) -> float | None:
        """When :meth:`wake` has something to do; ``None`` without leases."""
        times = (min(held.due(), held.until) for origin in self._origins.values() for held in origin.leases.values())
        return min(times, default=None)

    def replay_now(self, ports: Collection[int], groups: Collection[IPv4Address], now: float) -> None:
        """A socket was opened on one of these ports, or joined one of these groups: let it hear at once."""
        for member, origin in self._origins.items():
            for held in origin.leases.values():
                if held.goes_to(ports, groups) and now - held.at_once >= SHORTEST_PERIOD and not self.path_dead(member):
                    held.at_once = now
                    self.shows.append((member, held.at(now)))

    def keep_only(self, members: Collection[IPv4Address]) -> None:
        """What others granted is over."""
        for gone in self._origins.keys() - set(members):
            del self._origins[gone]

    def _of(self, member: IPv4Address, epoch: int) -> _Origin:
        origin = self._origins.get(member)
        if origin is None or origin.epoch != epoch:
            origin = self._origins[member] = _Origin(epoch)
        return origin
