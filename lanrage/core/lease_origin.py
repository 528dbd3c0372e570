"""The origin's side of leases: learns which frames repeat themselves, grants, renews and cancels them.

Frames go in by :meth:`LeaseOrigin.sent`, which tells the members that repeat this one by themselves; to all others it
is carried. Messages come out of :attr:`LeaseOrigin.says` (``docs/protocol-lan.rst``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import IPv4Address
from typing import TypeVar

import attrs

from lanrage.core import beacons
from lanrage.core.lan_frames import Frame
from lanrage.core.lease_rhythm import Learner, Rhythm, Sighting
from lanrage.core.leases import LEASES_LIMIT, Beat, Cancel, Grant, Hello, Message, Renew, renew_every, tolerance

Row = TypeVar("Row")

RETRY_FIRST, RETRY_LONGEST = 0.25, 60.0
"""Seconds until a grant that nobody answered is said again, doubled each time; a member that never answers, since it
does not know leases, costs one message a minute."""
CANCEL_FIRST, CANCEL_TRIES = 0.15, 8
"""Likewise of a cancellation, which is more urgent, and how often it is said: over 19 s. Beyond that the receiver's own
clock ends the lease."""
HELLO_AT = (0.0, 1.0, 4.0)
"""Seconds after a member came at which it is greeted: nobody answers a greeting, so it is said more than once."""
ANSWER_GAP = 1.0
"""Seconds between grants of one lease to one member, however often it asks."""
ENDINGS_LIMIT = 4 * LEASES_LIMIT
"""Cancellations to one member that are said again until it answers; beyond that its oldest is left to its own clock."""
IDS = 1 << 16


@attrs.define
class Waiting:
    """What a member has not answered yet.

    :ivar due: when it is said again.
    :ivar show: the member has not seen the announcement.
    """

    due: float
    show: bool = False
    tries: int = 0

    def said(self, now: float, first: float) -> None:
        """It is said once more.

        :param first: seconds that are waited the first time.
        """
        self.due = now + min(first * 2**self.tries, RETRY_LONGEST)
        self.tries += 1


@attrs.define
class Lease:
    """One announcement of this machine.

    :ivar holders: members that repeat it.
    :ivar waiting: members that have not said that they hold it.
    :ivar asked: when it was last granted to a member that asked.
    """

    number: int
    frame: Frame
    granted: float
    rhythm: Rhythm
    renew_at: float
    holders: set[IPv4Address] = attrs.field(factory=set)
    waiting: dict[IPv4Address, Waiting] = attrs.field(factory=dict)
    asked: dict[IPv4Address, float] = attrs.field(factory=dict)

    def at(self, now: float) -> Beat:
        """Where it stands."""
        rhythm = self.rhythm
        return Beat(self.number, rhythm.beat, rhythm.period, max(0.0, now - rhythm.phase))

    def told(self, now: float) -> None:
        """The holders know where it stands."""
        self.rhythm.told(now)
        self.renew_at = now + renew_every(self.rhythm.period)

    def defer(self, now: float) -> None:
        """Say no grant before the next announcement."""
        for each in self.waiting.values():
            each.due = max(each.due, self.rhythm.ends_at, now + RETRY_FIRST)

    def next_wake(self) -> float:
        """When something is due."""
        return min([each.due for each in self.waiting.values()] + [self.rhythm.ends_at])


@attrs.define
class Tally:
    """What was said, for the counters: leases granted, renewals (once for each lease), leases cancelled."""

    granted: int = 0
    renewed: int = 0
    cancelled: int = 0


@attrs.define
class LeaseOrigin:
    """What this machine announces.

    :param epoch: drawn when it was made, 32 bit.
    :ivar says: messages to send, each with its members; taken by whoever drives this.
    """

    epoch: int
    says: list[tuple[Message, tuple[IPv4Address, ...]]] = attrs.field(factory=list)
    tally: Tally = attrs.field(factory=Tally)
    _learner: Learner = attrs.field(factory=Learner)
    _leases: dict[Sighting, Lease] = attrs.field(factory=dict)
    _members: set[IPv4Address] = attrs.field(factory=set)
    _epochs: dict[IPv4Address, int] = attrs.field(factory=dict)
    _greet: list[tuple[float, IPv4Address]] = attrs.field(factory=list)
    _ending: dict[IPv4Address, dict[int, Waiting]] = attrs.field(factory=dict)
    _number: int = 0

    def __len__(self) -> int:
        """Leases that live."""
        return len(self._leases)

    # --- frames -------------------------------------------------------------------------------------------------------

    def sent(self, frame: Frame, now: float) -> Collection[IPv4Address]:
        """This machine sent a frame.

        :return: the members that repeat it by themselves.
        """
        if not frame.destination_mac[0] & 1:
            return ()
        sighting, replaced = self._learner.look(frame, now)
        if replaced:
            self._end([key for key in self._leases if key.flow == sighting.flow and key.form != sighting.form], now)
        if beacons.ends(frame):
            return ()
        lease = self._leases.get(sighting)
        if lease is not None and not beacons.follows(lease.frame, frame, now - lease.granted):
            self._end([sighting], now)
            lease = None
        if lease is not None and lease.rhythm.take(now):
            self._learner.forget(sighting)  # what came out of time before was not the beginning of another period
            self._renew(lease, now)
            return lease.holders
        period = self._learner.learn(sighting, frame, now)
        if (
            lease is None
            and period is not None
            and len(self._leases) < LEASES_LIMIT
            and self._in_step(sighting, period)
        ):
            self._grant(sighting, frame, period, now)
        return ()

    def _in_step(self, sighting: Sighting, period: float) -> bool:
        """Another copy of a burst has the period of the first, or none."""
        first = self._leases.get(attrs.evolve(sighting, copy=0))
        if sighting.copy == 0:
            return True
        return first is not None and abs(first.rhythm.period - period) <= tolerance(period)

    def _grant(self, sighting: Sighting, frame: Frame, period: float, now: float) -> None:
        lease = Lease(self._draw(), frame, now, Rhythm.of(now, period), now + renew_every(period))
        lease.waiting = {member: Waiting(now) for member in self._members}
        self._leases[sighting] = lease
        self.tally.granted += 1
        self._say_grants(lease, now)

    def _draw(self) -> int:
        """A number that no lease has; where it is still being cancelled, the grant takes that place."""
        taken = {lease.number for lease in self._leases.values()}
        number = next(each % IDS for each in range(self._number, self._number + IDS) if each % IDS not in taken)
        for member in list(self._ending):
            self._ended(member, number)
        self._number = (number + 1) % IDS
        return number

    def _say_grants(self, lease: Lease, now: float) -> None:
        if lease.rhythm.late(now):  # perhaps it is over: nobody is told that it goes on
            lease.defer(now)
        for show in (False, True):
            due = [(member, each) for member, each in lease.waiting.items() if each.due <= now and each.show is show]
            for member, each in due:
                each.said(now, RETRY_FIRST)
                lease.asked[member] = now
            if due:
                grant = Grant(self.epoch, lease.at(now), show, lease.frame)
                self.says.append((grant, tuple(member for member, _ in due)))

    def _renew(self, lease: Lease, now: float) -> None:
        """The real announcement was seen: if its renewal is due, say so, with others whose turn comes soon."""
        if now < lease.renew_at and not lease.rhythm.drifted(now):
            return
        rows: dict[IPv4Address, list[Beat]] = {}
        for other in self._leases.values():
            soon = other.renew_at - renew_every(other.rhythm.period) / 2
            if other is lease or (now >= soon and not other.rhythm.late(now)):
                for member in other.holders:
                    rows.setdefault(member, []).append(other.at(now))
                other.told(now)
                self.tally.renewed += 1
        self._say_grouped((member, Renew(self.epoch, cut)) for member, beats in rows.items() for cut in _cuts(beats))

    def _say_grouped(self, each_to: Iterable[tuple[IPv4Address, Message]]) -> None:
        groups: dict[Message, list[IPv4Address]] = {}
        for member, message in each_to:
            groups.setdefault(message, []).append(member)
        self.says += [(message, tuple(members)) for message, members in groups.items()]

    # --- members ------------------------------------------------------------------------------------------------------

    def set_members(self, members: Iterable[IPv4Address], now: float) -> None:
        """These are the other members now; who is new is greeted and gets what lives."""
        wanted = set(members)
        for gone in self._members - wanted:
            self._forget(gone)
        for new in wanted - self._members:
            self._greet += [(now + later, new) for later in HELLO_AT]
            for lease in self._leases.values():
                lease.waiting[new] = Waiting(now, show=True)
        self._members = wanted
        self.wake(now)

    def _forget(self, member: IPv4Address) -> None:
        self._epochs.pop(member, None)
        self._greet = [each for each in self._greet if each[1] != member]
        self._ending.pop(member, None)
        for lease in self._leases.values():
            lease.holders.discard(member)
            lease.waiting.pop(member, None)
            lease.asked.pop(member, None)

    def greeted(self, hello: Hello, member: IPv4Address, now: float) -> None:
        """A member said which epoch it is in: if that is another one, it holds nothing any more."""
        if member not in self._members:
            return
        before, self._epochs[member] = self._epochs.get(member, hello.epoch), hello.epoch
        if before != hello.epoch:
            for lease in self._leases.values():
                self._again(lease, member, now)
            self.wake(now)

    def has(self, numbers: Iterable[int], member: IPv4Address, now: float) -> None:
        """A member holds these; what is none of this machine's leases is cancelled there, as far as it can hold it."""
        if member not in self._members:
            return
        live = {lease.number: lease for lease in self._leases.values()}
        for number in numbers:
            lease = live.get(number)
            if lease is not None:
                lease.waiting.pop(member, None)
                lease.holders.add(member)
            elif len(self._ending.get(member, ())) < LEASES_LIMIT:
                self._ending.setdefault(member, {}).setdefault(number, Waiting(now))
        self._say_cancels(now, (member,))

    def lacks(self, numbers: Iterable[int], member: IPv4Address, now: float) -> None:
        """A member does not hold these: the answer to a cancellation, or it lost them."""
        live = {lease.number: lease for lease in self._leases.values()}
        for number in numbers:
            self._ended(member, number)
            if number in live and member in self._members:
                self._again(live[number], member, now)
        self.wake(now)

    def _again(self, lease: Lease, member: IPv4Address, now: float) -> None:
        lease.holders.discard(member)
        due = max(now, lease.asked.get(member, float("-inf")) + ANSWER_GAP)
        lease.waiting[member] = Waiting(due, show=True)

    # --- time ---------------------------------------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        """Say what is due, and end what was not seen again."""
        self._end([key for key, lease in self._leases.items() if lease.rhythm.ends_at <= now], now)
        for lease in self._leases.values():
            if lease.waiting:
                self._say_grants(lease, now)
        self._say_cancels(now)
        due = [member for when, member in self._greet if when <= now]
        if due:
            self._greet = [each for each in self._greet if each[0] > now]
            self.says.append((Hello(self.epoch), tuple(dict.fromkeys(due))))

    def next_wake(self) -> float | None:
        """When :meth:`wake` has something to do; ``None`` while nothing lives."""
        times = [lease.next_wake() for lease in self._leases.values()]
        times += [each.due for endings in self._ending.values() for each in endings.values()]
        times += [when for when, _ in self._greet]
        return min(times, default=None)

    def end(self, now: float) -> None:
        """This machine carries no more: all leases end."""
        self._end(list(self._leases), now)

    def _end(self, keys: Collection[Sighting], now: float) -> None:
        for key in keys:
            lease = self._leases.pop(key)
            self.tally.cancelled += 1
            for member in lease.holders | set(lease.waiting):
                endings = self._ending.setdefault(member, {})
                endings[lease.number] = Waiting(now)
                if len(endings) > ENDINGS_LIMIT:
                    del endings[next(iter(endings))]
        if keys:
            self._say_cancels(now)

    def _ended(self, member: IPv4Address, number: int) -> None:
        """This needs no cancellation any more."""
        endings = self._ending.get(member, {})
        endings.pop(number, None)
        if not endings:
            self._ending.pop(member, None)

    def _say_cancels(self, now: float, members: Iterable[IPv4Address] | None = None) -> None:
        """Say the cancellations that are due, to all or to these."""
        rows = [
            (member, self._due_cancels(member, now)) for member in list(self._ending if members is None else members)
        ]
        self._say_grouped((member, Cancel(self.epoch, cut)) for member, due in rows for cut in _cuts(due))

    def _due_cancels(self, member: IPv4Address, now: float) -> list[int]:
        due = [(number, each) for number, each in self._ending.get(member, {}).items() if each.due <= now]
        for number, each in due:
            each.said(now, CANCEL_FIRST)
            if each.tries >= CANCEL_TRIES:
                self._ended(member, number)
        return [number for number, _ in due]


def _cuts(rows: Sequence[Row]) -> Iterator[tuple[Row, ...]]:
    """No longer than a message may be."""
    for start in range(0, len(rows), LEASES_LIMIT):
        yield tuple(rows[start : start + LEASES_LIMIT])
