"""Queries that the library `opengsq` knows, each in a process of its own: what it does wrong harms nobody else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from lanrage.core.game_server import ServerFacts
from lanrage.errors import DecodeError, MissingRight, Unanswered
from lanrage.net import game_query_child
from lanrage.wire.games.cursor import count, shown

CLASSES: Mapping[str, str] = {
    "ase": "ASE.get_status",
    "battlefield": "Battlefield.get_info",
    "doom3": "Doom3.get_status",
    "gamespy1": "GameSpy1.get_status",
    "gamespy2": "GameSpy2.get_status",
    "gamespy3": "GameSpy3.get_status",
    "gamespy4": "GameSpy4.get_status",
    "halo1": "Halo1.get_status",
    "killingfloor": "KillingFloor.get_details",
    "quake1": "Quake1.get_status",
    "quake2": "Quake2.get_status",
    "samp": "Samp.get_status",
    "supcom": "SupCom.get_status",
    "unreal2": "Unreal2.get_details",
    "vcmp": "Vcmp.get_status",
    "w40kdow": "W40kDow.get_status",
}
"""Query name: class and method of ``opengsq.protocols``."""

START_S = 3.0
"""The process may take so long to start, beside the question's own time."""
OUTPUT_BYTES = 4_096
"""Of its answer; more ends it."""


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """What the process writes: JSON on one line.

    :param seconds: that the question took.
    """

    seconds: float
    name: str = ""
    map: str = ""
    mode: str = ""
    version: str = ""
    players: int | None = None
    players_limit: int | None = None
    password: bool | None = None


def facts(query: str, told: Told) -> ServerFacts:
    """The same, fit to be shown."""
    return ServerFacts(
        query,
        shown(told.name),
        map=shown(told.map),
        mode=shown(told.mode),
        version=shown(told.version),
        players=count(told.players),
        players_limit=count(told.players_limit),
        password=told.password,
    )


def read_told(raw: bytes) -> Told:
    """Read the process's answer.

    :raises DecodeError: for anything else.
    """
    try:
        return msgspec.json.decode(raw, type=Told)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DecodeError("the query's process said something else") from error


class _Asker(ProcessProtocol):
    """One process, one question."""

    def __init__(self, query: str, where: str, timeout: Callable[[Callable[[], None]], Any]) -> None:
        self._query, self._where = query, where
        self._said = b""
        self._late = timeout(self._kill)
        self.answer: Deferred[tuple[ServerFacts, float]] = Deferred(lambda _: self._kill())

    def outReceived(self, data: bytes) -> None:
        """See :class:`twisted.internet.protocol.ProcessProtocol`."""
        self._said += data
        if len(self._said) > OUTPUT_BYTES:
            self._kill()

    def processEnded(self, reason: Failure) -> None:
        """See :class:`twisted.internet.protocol.ProcessProtocol`."""
        del reason
        if self._late.active():
            self._late.cancel()
        if self.answer.called:
            return
        try:
            told = read_told(self._said[: OUTPUT_BYTES + 1])
        except DecodeError:
            self.answer.errback(Unanswered(f"{self._where} ({self._query}) does not answer"))
        else:
            self.answer.callback((facts(self._query, told), told.seconds))

    def never(self) -> None:
        """The process could not be started: nothing is waited for."""
        self._late.cancel()

    def _kill(self) -> None:
        if self.transport is None:
            return
        try:
            self.transport.signalProcess("KILL")
        except ProcessExitedAlready:
            return


@attrs.frozen
class FarQueries:
    """Asks by `opengsq`, where it is installed.

    :param library: the module's name.
    """

    reactor: Any
    library: str = "opengsq"

    def known(self, query: str) -> bool:
        """It is among :data:`CLASSES`."""
        return query in CLASSES

    def ask(self, query: str, host: str, port: int, timeout: float) -> Deferred[tuple[ServerFacts, float]]:
        """Ask; the process is gone when this fires, or soon after it was cancelled.

        :returns: facts and seconds; fails with :class:`MissingRight` without the library, else :class:`Unanswered`.
        """
        if find_spec(self.library) is None:
            return fail(MissingRight(f"the query {query} needs {self.library}: pip install 'lanrage[queries]'"))
        asker = _Asker(query, f"{host} port {port}", lambda call: self.reactor.callLater(timeout + START_S, call))
        arguments = [sys.executable, "-I", game_query_child.__file__, CLASSES[query], host, str(port), str(timeout)]
        try:
            self.reactor.spawnProcess(asker, sys.executable, arguments, env={}, path="/")
        except BaseException:
            asker.never()
            raise
        return asker.answer
