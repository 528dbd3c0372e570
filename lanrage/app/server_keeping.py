"""The server browser with what is kept of it on disk, and the party that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from twisted.internet.defer import DeferredLock

from lanrage.app.game_presence import GamePresence
from lanrage.app.party_life import PartyLife
from lanrage.app.server_browser import ServerBrowser
from lanrage.app.server_party import BrowsedParty, Hosted, Hosting, MemberPlace
from lanrage.core.server_marks import Marks
from lanrage.net.threads import in_thread
from lanrage.store.servers import ServersFile


class ServerKeeping:
    """One node's.

    :param folder: the state folder.
    """

    def __init__(self, reactor: Any, folder: Path, browser: ServerBrowser) -> None:
        self._reactor, self.browser = reactor, browser
        self._file = ServersFile(folder)
        self._lock = DeferredLock()
        self._started = False

    async def start(self) -> None:
        """Load what was kept, and begin."""
        marks = await in_thread(self._reactor, self._file.load)
        self.browser.start(marks)
        self._started = True

    async def stop(self) -> None:
        """End; a change that is under way is finished first. Harmless where it never began."""

        async def end() -> None:
            if self._started:
                self._started = False
                self.browser.stop()

        await self._lock.run(end)

    async def change(self, change: Callable[[Marks], Marks]) -> Marks:
        """Change what is kept: on disk first, so that what the user is told survives a restart.

        :raises LanrageError: what the change refuses; the disk does not take it. Then nothing is changed.
        """

        async def keep() -> Marks:
            marks = change(self.browser.marks)
            await in_thread(self._reactor, self._file.save, marks)
            self.browser.keep(marks)
            return marks

        kept: Marks = await self._lock.run(keep)
        return kept


def browsed(life: PartyLife | None) -> BrowsedParty | None:
    """The party as the browser sees it; ``None`` while this machine takes no part."""
    if life is None or life.session is None:
        return None
    session, replica, links, lan = life.session, life.replica, life.session.links, life.session.lan
    if links is None or lan is None:
        return None

    def members() -> dict[bytes, MemberPlace]:
        entries: Iterable[Any] = replica.members.values() if replica is not None else ()
        certificates = [entry.member.certificate for entry in entries]
        guests = session.guests.known if session.guests is not None else ()
        found = {each.identity: MemberPlace(str(each.ip), each.name) for each in certificates}
        return found | {guest.key: MemberPlace(str(guest.address), guest.name) for guest in guests}

    address = str(session.address.ip)
    return BrowsedParty(session, life.keys.identity.public, address, lan, members, links.path_dead)


def hosted_by(presence: GamePresence) -> Hosted:
    """What members' nodes see of their servers, and this node of its own."""

    def hosted(identity: bytes, own: bool) -> Iterable[Hosting]:
        games = presence.own if own else presence.of(identity)
        return [Hosting(each.game, server) for each in games for server in each.servers]

    return hosted
