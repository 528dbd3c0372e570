"""Tells the members which ports and groups are open here, and sends them only what they want
(``docs/protocol-interest.rst``)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from ipaddress import IPv4Address

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.lan_stages import Plane
from lanrage.core.budget import Budget
from lanrage.core.interest import EVERYTHING, NOTHING_OPEN, UNKNOWN, Asked, Interest, Opened
from lanrage.core.interest_talk import Ask, MemberInterests, Message, OwnInterest
from lanrage.core.lan_frames import Drop, Frame, PartyLan, Udp
from lanrage.core.rate import TokenBucket
from lanrage.errors import DecodeError
from lanrage.wire.frames import Kind
from lanrage.wire.interest import decode_interest, encode_interest

LOOK_SECONDS = 0.25
"""How often the tables are read; the ways for multicast look at the same time and share the read."""

LOOKS_RATE, LOOKS_BURST = 10.0, 10.0
"""Looks a second, and at once, because a game sent from ports that were not open; a look takes some 0.4 ms, and each
may make a message to all members."""

ASK_RATE, ASK_BURST = 1.0, 3.0
"""Questions to one member a second, and answers to one: an answer is at most one frame."""

Look = Callable[[bool], Opened]
"""Looks at the sockets of one network namespace, afresh or as another just did."""

log = Logger()


@attrs.define
class InterestCounters:
    """What the talk about interest cost.

    :ivar messages: sent, counted once for each member.
    :ivar asks: questions for all of a member's interest, since a message was missed.
    :ivar refused: messages that were none, or too many questions.
    """

    messages: int = 0
    asks: int = 0
    refused: int = 0


class LanInterest:
    """The part of the plane that knows who wants what.

    :param plane: gets the decision :attr:`~lanrage.app.lan_stages.Outgoing.wanted`.
    :param clock: the reactor's time.
    :param look: at this machine's sockets; more looks may be added (:meth:`add_look`).
    :param epoch: drawn at the start, 32 bit.
    :param tells: whether the members are told what is open; if not, they are told "everything".
    :ivar on_opened: called with ports and groups at which a socket began to listen, at the look that found it.
    """

    def __init__(self, plane: Plane, clock: IReactorTime, look: Look, epoch: int, tells: bool = True) -> None:
        self._plane, self._clock, self._tells = plane, clock, tells
        self._looks: list[Look] = [look]
        self._own = OwnInterest(epoch)
        self._members = MemberInterests()
        self._asked = Asked()
        self._opened = NOTHING_OPEN
        self._lan = plane.lan
        self._call: LoopingCall | None = None
        self._soon = TokenBucket(LOOKS_RATE, LOOKS_BURST)
        self._asks: Budget[IPv4Address] = Budget(ASK_RATE, ASK_BURST)
        self._answers: Budget[IPv4Address] = Budget(ASK_RATE, ASK_BURST)
        self._counts = InterestCounters()
        self.on_opened: Callable[[frozenset[int], frozenset[IPv4Address]], None] = lambda ports, groups: None
        plane.outgoing.wanted = self._members.wants
        plane.outgoing.sending.append(self._sending)
        plane.incoming.takers[Kind.INTEREST] = self._taken

    def add_look(self, look: Look) -> Callable[[], None]:
        """Look at the sockets of another place too, such as a game's own network namespace.

        :return: ends it.
        """
        self._looks.append(look)
        self._look_safely()
        return lambda: self._looks.remove(look)

    def start(self) -> None:
        """Look now and then periodically."""
        self._call = LoopingCall(self._look_safely)
        self._call.clock = self._clock
        self._call.start(LOOK_SECONDS).addErrback(lambda failure: log.failure("looking at open ports ended", failure))

    def stop(self) -> None:
        """Look no more."""
        if self._call is not None and self._call.running:
            self._call.stop()
        self._call = None

    def set_members(self, lan: PartyLan) -> None:
        """New members are told all, and asked."""
        before, self._lan = set(self._lan.members.values()), lan
        self._members.keep_only(lan.members.values())
        fresh = [member for member in lan.members.values() if member not in before]
        if self._call is not None:
            self._say(self._own.told(), fresh)
            self._ask(fresh)

    def counters(self) -> dict[str, int]:
        """What this machine hears, and what telling it cost."""
        return {
            "interest_messages": self._counts.messages,
            "interest_asks": self._counts.asks,
            "interest_refused": self._counts.refused,
            "open_ports": len(self._own.interest.ports),
            "open_groups": len(self._own.interest.groups),
        }

    @property
    def interest(self) -> Interest:
        """This machine's, as the members were told."""
        return self._own.interest

    def _look_safely(self) -> None:
        """Nothing that goes wrong in one look ends the looking."""
        try:
            self._look()
        except Exception:  # pylint: disable=broad-except
            log.failure("the look at open ports failed")

    def _look(self, fresh: bool = False) -> None:
        now = self._plane.now()
        before, self._opened = self._opened, self._found(fresh)
        found = self._opened
        interest = found.interest.joined(Interest.of(self._asked.ports(now), ()))
        self._tell(self._own.update(interest if self._tells else EVERYTHING, now))
        held = self._own.due(now)
        if held is not None:
            self._tell(held)
            self._ask(list(self._members.unknown(self._lan.members.values(), now)))
        new = found.since(before)
        if new:
            self.on_opened(new.ports, new.groups)

    def _found(self, fresh: bool) -> Opened:
        """What is open in all places; where one cannot be looked at, all frames are wanted."""
        found = NOTHING_OPEN
        for look in self._looks:
            try:
                found = found.joined(look(fresh))
            except Exception:  # pylint: disable=broad-except
                log.failure("a look at open ports failed")
                found = found.joined(UNKNOWN)
        return found

    def _sending(self, frame: Frame, now: float) -> None:
        """A game sends to all: before its frame leaves, members know where it may wait for answers."""
        if isinstance(frame.content, Udp) and self._asked.note(frame.content, now) and self._soon.take(now):
            self._look(fresh=True)

    def _taken(self, data: bytes, member: IPv4Address, now: float) -> Drop | None:
        try:
            message = decode_interest(data)
        except DecodeError:
            self._counts.refused += 1
            return Drop.HEADER
        if not isinstance(message, Ask):
            if self._members.take(member, message, now):
                self._ask([member])
            return None
        if not self._answers.allow(member, now):
            self._counts.refused += 1
            return Drop.FLOOD
        self._say(self._own.told(), [member])
        return None

    def _ask(self, members: Collection[IPv4Address]) -> None:
        now = self._plane.now()
        allowed = [member for member in members if self._asks.allow(member, now)]
        self._counts.asks += len(allowed)
        self._say(Ask(), allowed)

    def _tell(self, message: Message | None) -> None:
        if message is not None:
            self._say(message, self._lan.members.values())

    def _say(self, message: Message, members: Collection[IPv4Address]) -> None:
        self._counts.messages += len(members)
        self._plane.say(Kind.INTEREST, encode_interest(message), members)
