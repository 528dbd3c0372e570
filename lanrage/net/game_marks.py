"""The table that marks games' traffic, while a game runs (``docs/games-effects.rst``)."""

from __future__ import annotations

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger

from lanrage.core.game_profile import TrafficClass
from lanrage.core.game_tuning import Marked
from lanrage.errors import LanrageError
from lanrage.net.nft import Nft
from lanrage.net.threads import in_thread
from lanrage.wire.game_ruleset import ruleset

PURPOSE = "marking games' traffic"

Wanted = tuple[tuple[Marked, ...], TrafficClass | None]
NOTHING: Wanted = ((), None)

log = Logger()


class GameMarks:
    """The table is owned by its netlink socket: it is gone when this process ends, however it ends (nft(8)). So it
    needs no entry in the undo journal.

    :param devices: names of tunnel and LAN card.
    :param tc_class: class (major, minor) of a queue that the user made for urgent packets; used where it is there.
    :ivar trouble: why traffic is not marked as it should be; empty while it is.
    """

    def __init__(
        self, reactor: IReactorThreads, devices: tuple[str, str], tc_class: tuple[int, int] | None = None
    ) -> None:
        self._reactor, self._devices, self._tc_class = reactor, devices, tc_class
        self._there: tuple[int, Wanted] = (0, NOTHING)
        self._nft: Nft | None = None
        self._lock = DeferredLock()
        self.trouble = ""

    def use(self, port: int, marks: tuple[Marked, ...], outer: TrafficClass | None) -> Deferred[None]:
        """Mark these, from now on, and nothing else.

        :param port: WireGuard's own.
        :return: fires when the kernel does, or :attr:`trouble` says why not; never fails.
        """
        done: Deferred[None] = self._lock.run(lambda: Deferred.fromCoroutine(self._use(port, (marks, outer))))
        return done.addErrback(lambda failure: log.failure("games' traffic could not be marked", failure))

    def close(self) -> Deferred[None]:
        """Mark nothing any more."""
        return self.use(0, *NOTHING)

    async def _use(self, port: int, wanted: Wanted) -> None:
        if (port, wanted) == self._there or wanted == self._there[1] == NOTHING:
            return
        try:
            lacks = await in_thread(self._reactor, self._change, port, wanted)
        except LanrageError as error:
            self._tell(str(error))
            self._there = (-1, wanted)  # whatever is there: the next wish is tried
            return
        self._there = (port, wanted)
        self._tell(lacks)

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            log.warn("games' traffic goes without a mark: {error}", error=trouble)
        self.trouble = trouble

    def _change(self, port: int, wanted: Wanted) -> str:
        """Blocks; tells what is not as the user named it."""
        if wanted == NOTHING:
            self._drop()
            return ""
        if self._nft is None:
            self._nft = Nft(purpose=PURPOSE)
        named, lacks = self._tc_class, ""
        if named is not None and named not in traffic_classes():
            lacks = f"no card has the queue's class {named[0]:x}:{named[1]:x} now; the first band is used"
            named = None
        try:
            self._nft.run(ruleset(self._devices, port, *wanted, named))
        except LanrageError:
            self._drop()  # what stood is of a game that has ended, perhaps
            raise
        return lacks

    def _drop(self) -> None:
        nft, self._nft = self._nft, None
        if nft is not None:
            nft.close()


def traffic_classes() -> frozenset[tuple[int, int]]:
    """The classes (major, minor) of all cards' queues now; none where the kernel does not say. Blocks."""
    found = set()
    try:
        with IPRoute() as route:
            for link in route.get_links():
                found |= {divmod(each["handle"], 1 << 16) for each in route.get_classes(link["index"])}
    except (NetlinkError, OSError):
        return frozenset()
    return frozenset(found)
