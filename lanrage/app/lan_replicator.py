"""Sends one copy to the party's host instead of one to each member, and as the host passes frames on
(``docs/protocol-replicator.rst``)."""

from __future__ import annotations

from ipaddress import IPv4Address

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.lan_stages import Addresses, Plane, Travelled
from lanrage.core.budget import Budget
from lanrage.core.lan_frames import Drop, Frame, PartyLan
from lanrage.core.replicator import HOST_SECONDS, MEMBER_SECONDS, Replication, Standing
from lanrage.errors import DecodeError
from lanrage.wire.frames import HOPS, Kind
from lanrage.wire.replicator import decode_standing, encode_standing

FORWARDS_RATE, FORWARDS_BURST = 200.0, 400.0
"""Frames of one member passed on a second, and at once: a whole party's usual rate. Each costs the host up to 14
copies, so this is what one member can make it send."""

log = Logger()


class LanReplicator:
    """The part of the plane that takes the way around by the host. Made only where the setting says so.

    :param plane: knows the host, and who wants a frame.
    :param clock: the reactor's time.
    """

    def __init__(self, plane: Plane, clock: IReactorTime) -> None:
        self._plane, self._clock = plane, clock
        self._view = Replication(plane.lan)
        self._forwards: Budget[IPv4Address] = Budget(FORWARDS_RATE, FORWARDS_BURST)
        self._call: LoopingCall | None = None
        self._said = float("-inf")
        self._around = self._passed_on = self._shed = 0
        plane.outgoing.around = self._choose
        plane.incoming.relays = self._relays
        plane.incoming.came.append(self._came)
        plane.incoming.takers[Kind.REPLICATOR] = self._taken

    def start(self) -> None:
        """Tell the members periodically."""
        self._call = LoopingCall(self._refresh)
        self._call.clock = self._clock
        self._call.start(HOST_SECONDS).addErrback(lambda failure: log.failure("passing frames on ended", failure))

    def stop(self) -> None:
        """Tell the members that they must do without."""
        if self._call is not None and self._call.running:
            self._call.stop()
            nothing = Standing(False, False, self._view.standing(False, self._plane.now()).digest)
            self._say(nothing)
        self._call = None

    def set_members(self, lan: PartyLan) -> None:
        """All are told at once, so that both ends see the same members soon."""
        self._view.set_lan(lan)
        if self._call is not None:
            self._tell()

    def counters(self) -> dict[str, int]:
        """Frames that went the way around, and as the host: copies passed on, frames that were too many."""
        return {
            "replicated_packets": self._around,
            "passed_on_packets": self._passed_on,
            "replicator_shed": self._shed,
        }

    @property
    def _is_host(self) -> bool:
        return self._plane.host == self._view.lan.address

    def _choose(self, wanting: Addresses, now: float) -> tuple[Addresses, Addresses]:
        directly, around = self._view.around(wanting, self._plane.host, now)
        self._around += bool(around)
        return directly, around

    def _relays(self, origin: IPv4Address, sender: IPv4Address) -> bool:
        return sender == self._plane.host and origin != self._view.lan.address

    def _came(self, frame: Frame, travelled: Travelled) -> None:
        if travelled.hops <= HOPS or not self._is_host:
            return
        now, origin = self._plane.now(), travelled.origin
        if not self._forwards.allow(origin, now):
            self._shed += 1
            return
        wanted = self._plane.outgoing.wanted
        to = [member for member in self._view.receivers(origin, now) if wanted(member, frame, now)]
        if to:
            self._passed_on += self._plane.pass_on(travelled, to)

    def _taken(self, data: bytes, member: IPv4Address, now: float) -> Drop | None:
        try:
            standing = decode_standing(data)
        except DecodeError:
            return Drop.HEADER
        self._view.take(member, standing, now)
        return None

    def _refresh(self) -> None:
        if self._is_host or self._plane.now() - self._said >= MEMBER_SECONDS:
            self._tell()

    def _tell(self) -> None:
        now = self._plane.now()
        self._said = now
        self._say(self._view.standing(self._is_host, now))

    def _say(self, standing: Standing) -> None:
        self._plane.say(Kind.REPLICATOR, encode_standing(standing), self._view.lan.members.values())
