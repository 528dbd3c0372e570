"""A control server behind a router: its ports are mapped, and what nodes are told follows (``docs/links.rst``)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanrage.app.config import ControlConfig
from lanrage.app.mapping_leases import MakeMapper, make_mapper, remove_leftovers
from lanrage.app.port_mapping import PortMapping
from lanrage.core.mapping import Gateway
from lanrage.core.origins import is_here
from lanrage.core.outside import is_public
from lanrage.core.reach import Ports, Reach, Situation, judge
from lanrage.errors import StoreError
from lanrage.interfaces import IMachine
from lanrage.net.control_session import ServerConnection
from lanrage.net.machine import Machine
from lanrage.net.threads import in_thread
from lanrage.store.files import read_private, write_atomic
from lanrage.store.undo import UndoJournal

JOURNAL_FILE, REACH_FILE = "mappings.jsonl", "reach.json"
JUDGE_S = 5.0
"""Seconds between judgements, which cost microseconds."""

log = Logger()


class ReachSaved(msgspec.Struct, frozen=True):
    """The last judgement, for ``lanrage control check``.

    :param at: seconds since the epoch.
    """

    at: float
    reach: Reach


def read_reach(folder: Path) -> ReachSaved | None:
    """The last judgement of the server with this state folder; ``None`` where none is kept."""
    try:
        return msgspec.json.decode(read_private(folder / REACH_FILE) or b"", type=ReachSaved)
    except (msgspec.DecodeError, UnicodeDecodeError, StoreError):
        return None


class Server(Protocol):
    """What is needed of :class:`lanrage.app.control.ControlService`."""

    @property
    def address(self) -> Any:
        """Where it listens (``IAddress``)."""

    on_login: list[Callable[[ServerConnection], object]]

    def set_reach(self, reach: Reach) -> None:
        """Tell nodes."""


class ControlOutside(Service):
    """Maps the ports of a control server, and judges whether it is reached.

    :param control: started before this.
    :param relay: the embedded relay's ports.
    """

    def __init__(
        self,
        reactor: Any,
        control: Server,
        config: ControlConfig,
        relay: tuple[int, int] | None = None,
        *,
        machine: IMachine | None = None,
        make: MakeMapper = make_mapper,
        now: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._reactor, self._control, self._config, self._relay = reactor, control, config, relay
        self._machine: IMachine = machine if machine is not None else Machine(reactor)
        self._make, self._now, self._random = make, now, random
        self._mapping: PortMapping | None = None
        self._ports: Ports | None = None
        self._direct = False
        self._came_from = ""
        self._here: frozenset[str] = frozenset()
        self._starting: Deferred[None] = succeed(None)
        self._judging: LoopingCall | None = None
        self._saving: Deferred[None] = succeed(None)
        self.reach: Reach | None = None

    # --- life ---------------------------------------------------------------------------------------------------------

    def startService(self) -> None:
        """Begin; what a crash left at the router is removed first."""
        super().startService()  # type: ignore[no-untyped-call]
        address = self._control.address
        port = getattr(address, "port", None)
        self._direct = port is not None and not is_here(address.host)  # else a proxy is what is reached, or not
        self._ports = Ports(port or 0, self._config.stun_port, self._relay)
        self._control.on_login.append(self._came)
        self._starting = Deferred.fromCoroutine(self._start(self._ports))
        self._starting.addErrback(lambda failure: log.failure("port mapping cannot start", failure))

    async def _start(self, ports: Ports) -> None:
        self._here = frozenset(str(each.address) for each in await self._machine.local_addresses())
        if self._config.map_ports and self._direct:
            journal = await in_thread(self._reactor, UndoJournal, self._config.state_dir / JOURNAL_FILE)
            await remove_leftovers(self._reactor, self._machine, journal, self._now, self._make)
            self._mapping = PortMapping(
                self._reactor,
                self._machine,
                ports.wishes(),
                journal,
                random=self._random,
                changed=self._judge,
                now=self._now,
                make=self._make,
            )
        if not self.running:
            return
        if self._mapping is not None:
            self._mapping.start()
            self._judging = LoopingCall(self._judge)
            self._judging.clock = self._reactor
            self._judging.start(JUDGE_S)
        else:
            self._judge()

    def stopService(self) -> Deferred[Any]:
        """Remove the mappings."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self._starting
        judging, self._judging = self._judging, None
        if judging is not None and judging.running:
            judging.stop()
        mapping, self._mapping = self._mapping, None
        if mapping is not None:
            await mapping.stop()
        await self._saving

    # --- within -------------------------------------------------------------------------------------------------------

    def _came(self, connection: ServerConnection) -> None:
        """A node logged in: from outside, if its address is a public one, not the router's and not this machine's."""
        origin = connection.origin
        own = {address.rpartition(":")[0] for address in (self.reach.addresses if self.reach is not None else ())}
        own |= self._here | {self._mapping.source if self._mapping is not None else ""}
        if not self._came_from and origin and _is_outside(origin) and origin not in own:
            self._came_from = origin
            self._judge()

    def _judge(self) -> None:
        if self._ports is None:
            return
        mapping = self._mapping
        gateway: Gateway | None = mapping.gateway if mapping is not None else None
        situation = Situation(
            self._ports,
            mapping.source if mapping is not None else "",
            str(gateway.address) if gateway is not None else "",
            self._config.public,
            self._came_from,
            mapping.trouble if mapping is not None else "",
            asked=mapping is not None and bool(mapping.trouble or mapping.usable()),
        )
        if mapping is None and not (self._config.public or self._came_from):
            return  # nothing is known, and nothing is claimed
        if mapping is not None and not mapping.looked:
            return
        reach = judge(situation, mapping.usable() if mapping is not None else {})
        if reach != self.reach:
            self.reach = reach
            self._tell(reach)

    def _tell(self, reach: Reach) -> None:
        self._control.set_reach(reach)
        say = log.warn if reach.state == "unreachable" else log.info
        say("reached from outside: {state}: {sentence}", state=reach.state, sentence=reach.sentence)
        if reach.advice:
            say("to do: {advice}", advice=reach.advice)
        data = msgspec.json.encode(ReachSaved(self._now(), reach))
        self._saving = in_thread(self._reactor, write_atomic, self._config.state_dir / REACH_FILE, data)
        self._saving.addErrback(
            lambda failure: log.warn("how it is reached was not written: {error}", error=failure.getErrorMessage())
        )


def _is_outside(origin: str) -> bool:
    try:
        return is_public(origin)
    except ValueError:
        return False
