"""Sends a tagged datagram as a game sends its broadcast, and says to others what became of theirs
(``docs/protocol-visibility.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from typing import Protocol

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from lanrage.app.lan_stages import Addresses, Plane, Travelled
from lanrage.core.budget import Budget
from lanrage.core.exposure import PROBE_PORT
from lanrage.core.lan_frames import Drop, Frame, PartyLan, Udp
from lanrage.core.visibility import TAG_BYTES, Report, Sighting
from lanrage.errors import DecodeError, Refused, Unreachable
from lanrage.wire.frames import Kind
from lanrage.wire.visibility import Tagged, decode_report, decode_tagged, encode_report, encode_tagged

TURNS = 3
"""Datagrams of one probe: one that a bad path loses must not look like a firewall."""

TURN_SECONDS = 0.3
"""Between two of them; no more are sent once all members answered."""

HEARD_SECONDS = 0.25
"""How long a member waits for its socket to hear a datagram that it injected, which takes some 0.1 ms."""

ANSWER_RATE, ANSWER_BURST = 15 / 60, 9.0
"""Reports to one member a second, and at once: five probes a minute. A report is shorter than the frame that asked for
it and goes to its sender alone, so nobody can make another send more than he sends himself."""

ASK_RATE, ASK_BURST = 5 / 60, 3.0
"""Probes of this machine, so that its members' answers suffice."""

ANSWERS_KEPT = 64
"""Tagged datagrams that are being followed: more than members may send in :data:`HEARD_SECONDS`."""


class Socket(Protocol):
    """The socket that stands for a game: :class:`lanrage.net.probe_socket.ProbeSocket`."""

    # Protocols have methods without a body.
    # pylint: disable=missing-function-docstring

    def open(self, hear: Callable[[bytes, str], None]) -> bool: ...

    def send(self, payload: bytes, to: IPv4Address) -> None: ...

    def close(self) -> object: ...


@attrs.define
class _Answer:
    """What became here of a member's datagram.

    :param came: when.
    :param call: sends the report at the latest.
    """

    tagged: Tagged
    came: float
    call: IDelayedCall
    injected: float | None = None
    heard: float | None = None


class LanProbe:
    """The part of the plane that proves visibility, stage by stage.

    :param plane: told of every frame's stages.
    :param clock: the reactor's time.
    :param socket: not open yet.
    :param random: ``os.urandom``, or a test's own.
    """

    def __init__(self, plane: Plane, clock: IReactorTime, socket: Socket, random: Callable[[int], bytes]) -> None:
        self._plane, self._clock, self._socket, self._random = plane, clock, socket, random
        self._sightings: dict[Tagged, Sighting] = {}
        self._answers: dict[tuple[IPv4Address, Tagged], _Answer] = {}
        self._waiting: dict[bytes, Deferred[None]] = {}
        self._answering: Budget[IPv4Address] = Budget(ANSWER_RATE, ANSWER_BURST)
        self._asking: Budget[None] = Budget(ASK_RATE, ASK_BURST)
        self._running = False
        self._sent = self._answered = self._refused = 0
        plane.outgoing.sending.append(self._captured)
        plane.outgoing.carried.append(self._carried)
        plane.incoming.came.append(self._came)
        plane.incoming.written.append(self._written)
        plane.incoming.takers[Kind.PROBE] = self._taken

    def start(self) -> None:
        """Open the socket; without it members are told that nothing was heard."""
        self._running = True
        self._socket.open(self._heard)

    def stop(self) -> Awaitable[None] | None:
        """Close the socket; a probe that waits fails, and what comes meanwhile is not answered."""
        self._running = False
        for answer in self._answers.values():
            answer.call.cancel()
        self._answers.clear()
        for waiting in list(self._waiting.values()):
            waiting.errback(Unreachable("this machine left the party meanwhile"))
        closed = self._socket.close()
        return closed if isinstance(closed, Deferred) else None

    def set_members(self, lan: PartyLan) -> None:
        """Who left is not answered any more."""
        gone = [key for key in self._answers if key[0] not in lan.members.values()]
        for key in gone:
            self._answers.pop(key).call.cancel()

    def counters(self) -> dict[str, int]:
        """Tagged datagrams sent, reports given to others, and those that were too many."""
        return {"probes_sent": self._sent, "probes_answered": self._answered, "probes_refused": self._refused}

    async def probe(self, timeout: float) -> list[Sighting]:
        """Send, and wait for the answers of all members.

        :param timeout: seconds until the last answer counts.
        :return: what became of each datagram; at least one.
        :raises Refused: ``too_early`` when this was asked too often.
        :raises Unreachable: when the datagram cannot be sent, or the plane stops.
        """
        now = self._plane.now()
        if not self._asking.allow(None, now):
            raise Refused("too_early", "visibility was probed too often; wait a quarter of a minute")
        tag, end = self._random(TAG_BYTES), now + timeout
        sightings: list[Sighting] = []
        try:
            for turn in range(TURNS):
                sightings.append(self._send(Tagged(tag, turn)))
                left = end - self._plane.now()
                heard = await self._wait(tag, left if turn == TURNS - 1 else min(left, TURN_SECONDS))
                if heard or self._plane.now() >= end:
                    break
        finally:
            self._waiting.pop(tag, None)
            self._sightings = {key: each for key, each in self._sightings.items() if key.tag != tag}
        return sightings

    def _send(self, tagged: Tagged) -> Sighting:
        lan = self._plane.lan
        sighting = Sighting(tagged.tag, tagged.turn, frozenset(lan.members.values()), self._plane.now())
        self._sightings[tagged] = sighting
        self._socket.send(encode_tagged(tagged), lan.network.broadcast_address)
        self._sent += 1
        return sighting

    async def _wait(self, tag: bytes, seconds: float) -> bool:
        """Wait until one datagram is complete; whether it is."""
        waiting: Deferred[None] = Deferred()
        self._waiting[tag] = waiting
        call = self._clock.callLater(max(0.0, seconds), waiting.callback, None)
        try:
            await waiting
        finally:
            if call.active():
                call.cancel()
        return any(each.complete() for key, each in self._sightings.items() if key.tag == tag)

    # --- the way of our own -------------------------------------------------------------------------------------------

    def _captured(self, frame: Frame, now: float) -> None:
        sighting = self._sighting(frame)
        if sighting is not None and sighting.captured is None:
            sighting.captured = now

    def _carried(self, frame: Frame, members: Addresses) -> None:
        sighting = self._sighting(frame)
        if sighting is not None:
            sighting.carried(members, self._plane.now())

    def _sighting(self, frame: Frame) -> Sighting | None:
        tagged = tagged_of(frame)
        return None if tagged is None else self._sightings.get(tagged)

    def _taken(self, data: bytes, member: IPv4Address, now: float) -> Drop | None:
        try:
            report = decode_report(data)
        except DecodeError:
            return Drop.HEADER
        sighting = self._sightings.get(Tagged(report.tag, report.turn))
        if sighting is None or not sighting.reported(member, report, now):
            return None  # late, or said twice
        waiting = self._waiting.get(report.tag)
        if waiting is not None and not waiting.called and sighting.complete():
            waiting.callback(None)
        return None

    # --- the way of others' -------------------------------------------------------------------------------------------

    def _came(self, frame: Frame, travelled: Travelled) -> None:
        tagged = tagged_of(frame)
        if tagged is None or not self._running:
            return
        origin, now = travelled.origin, self._plane.now()
        key = (origin, tagged)
        if key in self._answers or len(self._answers) >= ANSWERS_KEPT or not self._answering.allow(origin, now):
            self._refused += 1
            return
        call = self._clock.callLater(HEARD_SECONDS, self._report, key)
        self._answers[key] = _Answer(tagged, now, call)

    def _written(self, frame: Frame, origin: IPv4Address) -> None:
        tagged = tagged_of(frame)
        answer = None if tagged is None else self._answers.get((origin, tagged))
        if answer is not None and answer.injected is None:
            answer.injected = self._plane.now()

    def _heard(self, payload: bytes, source: str) -> None:
        try:
            key = (IPv4Address(source), decode_tagged(payload))
        except DecodeError:
            return
        answer = self._answers.get(key)
        if answer is not None and answer.injected is not None:
            answer.heard = self._plane.now()
            answer.call.cancel()
            self._report(key)

    def _report(self, key: tuple[IPv4Address, Tagged]) -> None:
        answer = self._answers.pop(key)
        came = answer.came
        injected = None if answer.injected is None else answer.injected - came
        heard = None if answer.heard is None else answer.heard - came
        report = Report(answer.tagged.tag, answer.tagged.turn, injected, heard, self._plane.now() - came)
        self._plane.say(Kind.PROBE, encode_report(report), [key[0]])
        self._answered += 1


def tagged_of(frame: Frame) -> Tagged | None:
    """What a probe's datagram says; ``None`` for any other frame."""
    content = frame.content
    if not isinstance(content, Udp) or content.destination_port != PROBE_PORT or content.source_port != PROBE_PORT:
        return None
    try:
        return decode_tagged(content.payload)
    except DecodeError:
        return None
