"""A LAN plane with the node's part of ``lanrage run`` and its local API, in a process of its own.

``python -m tests.room_process ADDRESS/PREFIX FOLDER MEMBER...`` prints ``ready``. Its socket is
``FOLDER/run/node.sock``.
At SIGTERM it prints what the undo journal still holds, and how many frames had a wrong source, as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Coroutine
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any, cast

import attrs
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.task import react

from lanrage.app.api import ApiService
from lanrage.app.lan import LanPlane
from lanrage.app.operations import INode
from lanrage.app.party_life import PartyLife
from lanrage.app.room_node import RoomNode
from lanrage.core.room import device_name
from lanrage.net.machine import Machine
from lanrage.net.room_card import RoomCard
from lanrage.store.undo import UndoJournal
from tests.lan_process import CARD, TUNNEL, plane


@attrs.define
class Session:
    """What a room asks of a session."""

    lan: LanPlane
    address: IPv4Interface


@attrs.define
class Machinery:
    """What a room asks of the machinery."""

    reactor: Any
    journal: UndoJournal

    @property
    def machine(self) -> Machine:
        """The machine itself."""
        return Machine(self.reactor)

    def room_card(self) -> RoomCard:
        """See :meth:`lanrage.app.machinery.Machinery.room_card`."""
        return RoomCard(self.reactor, device_name(CARD), TUNNEL, self.journal)


@attrs.define
class Life:
    """A party that this machine is in."""

    session: Session
    machinery: Machinery
    trouble: str = ""

    def current(self) -> None:
        """It is in a party."""


class Node(RoomNode):
    """Has rooms, and nothing else of a node."""

    role = "node"

    def __init__(self, life: Life) -> None:
        self._life = life
        self._lock = DeferredLock()

    def _own(self) -> PartyLife:
        return cast(PartyLife, self._life)

    def _alone(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Deferred[Any]:
        return self._lock.run(work)


async def live(reactor: Any, address: str, folder: str, *members: str) -> None:
    """Run until SIGTERM."""
    made = plane(reactor, IPv4Interface(address))
    made.set_members([IPv4Address(member) for member in members])
    journal = UndoJournal(Path(folder) / "undo.jsonl")
    node = Node(Life(Session(made, IPv4Interface(address)), Machinery(reactor, journal)))
    api = ApiService(reactor, Path(folder) / "run" / "node.sock", cast(INode, node))
    ended: Deferred[None] = Deferred()
    await made.startService()
    api.startService()
    signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(ended.callback, None))
    print("ready", flush=True)
    await ended
    await made.stopService()
    await api.stopService()
    left = [attrs.astuple(entry) for entry in journal.entries()]
    print(json.dumps([left, made.counters()["dropped_source"]]), flush=True)


if __name__ == "__main__":
    react(lambda reactor, *words: Deferred.fromCoroutine(live(reactor, *words)), sys.argv[1:])
