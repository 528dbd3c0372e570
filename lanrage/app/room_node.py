"""The node's part of ``lanrage run``: the party's card for a game in a network namespace (``docs/run.rst``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable
from ipaddress import IPv4Address
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage.app.caller import Caller
from lanrage.app.lan import LanPlane
from lanrage.app.lan_rooms import Room
from lanrage.app.operations_run import RoomOpened
from lanrage.app.party_life import PartyLife
from lanrage.core.room import GATEWAY, INSIDE, RoomPlan
from lanrage.errors import LanrageError, Refused, Unreachable
from lanrage.interfaces import IMachine
from lanrage.net.room_device import check_owner

NO_INTERNET = "this machine has no default route, so the room has no internet either"

log = Logger()


class RoomNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    def _alone(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Deferred[Any]:
        raise AssertionError("given by the node")

    def room_networks(self) -> frozenset[int]:
        """The network namespaces of the rooms that are open, by their inodes."""
        try:
            session = self._own().session
        except LanrageError:  # the node is not up
            return frozenset()
        return session.lan.rooms.networks if session is not None and session.lan is not None else frozenset()

    def open_room(self, *, internet: bool, caller: Caller) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.open_room`."""
        namespace = caller.take("namespace")
        opening: Deferred[dict[str, Any]] = self._alone(lambda: self._open_room(namespace, internet, caller))
        return opening.addBoth(_closing, namespace)

    async def _open_room(self, namespace: int, internet: bool, caller: Caller) -> dict[str, Any]:
        check_owner(namespace, caller.user)
        life = self._own()
        life.current()
        if life.session is None or life.session.lan is None:
            raise Refused("no_card", life.trouble or "this machine does not take part in its party now")
        lan, plan = life.session.lan, RoomPlan(life.session.address, internet)
        if len(lan.rooms):
            raise Refused("room_taken", "another game runs in a room of this party: end it first")
        outward = await _outward(life.machinery.machine) if internet else ""
        room = life.machinery.room_card()

        def heard(frame: bytes) -> None:
            lan.frame_from_room(room.index, frame)

        def members() -> Iterable[IPv4Address]:
            return lan.lan.members.values()

        await room.open(plan, namespace, heard, members, outward)
        self._keep(lan, room, caller, os.fstat(namespace).st_ino)
        log.info("a game of user {user} has the party's card", user=caller.user, internet=internet)
        gateway = str(GATEWAY) if internet else ""
        plain: dict[str, Any] = msgspec.to_builtins(RoomOpened(INSIDE, str(plan.address), plan.mtu, gateway))
        return plain

    def _keep(self, lan: LanPlane, room: Room, caller: Caller, network: int) -> None:
        """The room lasts as long as the connection, and the connection as long as the room."""
        lan.rooms.add(room, caller.end, network)

        def gone() -> None:
            closing = self._alone(lambda: lan.rooms.remove(room))
            closing.addErrback(lambda failure: log.failure("a room did not close", failure))

        caller.when_gone(gone)


async def _outward(machine: IMachine) -> str:
    gateway = await machine.default_gateway()
    if gateway is None or not gateway.interface:
        raise Unreachable(NO_INTERNET)
    return gateway.interface


def _closing(result: Any, descriptor: int) -> Any:
    os.close(descriptor)
    return result
