"""The table of servers: who was heard, detected or named, who answers, and who is gone (``docs/servers.rst``).

Pure: `now` is seconds of a clock that only moves forward. What happens is put into :attr:`ServerTable.changes`, which
whoever drives the table takes out.

Bounded so that no member can push out what others offer: each has at most :data:`MEMBER_LIMIT` entries, and where all
together are too many, the member with the most loses its weakest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

import attrs

from lanrage.core.game_server import ServerFacts
from lanrage.core.play_ports import Proto
from lanrage.core.server_changes import ServerAdded, ServerChange, ServerChanged, ServerRemoved
from lanrage.core.server_entry import (
    CANNOT_ASK,
    MISSES,
    Ask,
    Found,
    Joinable,
    Origin,
    Server,
    ServerKey,
    Verdict,
    clean_facts,
    joined_facts,
    rhythm,
)

MEMBER_LIMIT = 16
"""Servers of one member that were heard or detected: a member that hosts for a whole party runs a few."""
TOTAL_LIMIT = 256
"""Likewise of all together: each is asked, and one question a second and server is what a home line may bear."""
MANUAL_LIMIT = 64
"""Servers that the user named; they count by themselves, and nothing that is heard pushes them out."""
GHOST_SECONDS = 10.0
"""How long announcements of a server that has ended do not count: a lease repeats them for a while. An answer, or its
member's word that it runs, counts at once, and so does what its member sends after a goodbye: it was opened again."""
GHOST_LIMIT = 256
"""Ended servers that are remembered."""
CUT_OFF_SECONDS = 30.0
"""How much longer a server stays that there is no way to: an outage empties no list."""
GONE_SILENT = "it answers no more"


@attrs.frozen
class Sighting:
    """A server as somebody just told of it.

    :param game: a profile's id, or empty.
    :param facts: not cleaned yet.
    :param period: seconds between announcements, as its game has it; ``None`` where that is not known.
    :param fresh: its member sent that just now: no lease repeated it.
    """

    origin: Origin
    port: int
    facts: ServerFacts
    game: str = ""
    proto: Proto = "udp"
    ask: Ask = Ask()
    period: float | None = None
    fresh: bool = False

    @property
    def key(self) -> ServerKey:
        """Where players connect."""
        return self.origin.address, self.port


class ServerTable:
    """All servers by their keys.

    :ivar changes: what happened since somebody took it out, in order.
    :ivar keys_changed: how often an entry came or went, silent ones as well, of which :attr:`changes` may tell nothing.
    :ivar pushed_out: entries that went since there were too many.
    """

    def __init__(self) -> None:
        self._servers: dict[ServerKey, Server] = {}
        self._ghosts: dict[ServerKey, tuple[float, bool]] = {}
        self.changes: list[ServerChange] = []
        self.pushed_out = 0
        self.keys_changed = 0

    def __len__(self) -> int:
        return len(self._servers)

    def all(self) -> tuple[Server, ...]:
        """All servers that there are, the oldest first."""
        return tuple(server for server in self._servers.values() if not server.silent)

    def known(self) -> tuple[Server, ...]:
        """Likewise, with those that have fallen silent while their members' nodes say that they run: one that answers
        again is there again."""
        return tuple(self._servers.values())

    def get(self, key: ServerKey) -> Server | None:
        """One server."""
        return self._servers.get(key)

    def clear(self) -> None:
        """Forget all; nobody is told of it."""
        self._servers.clear()
        self.keys_changed += 1
        self._ghosts.clear()
        self.changes.clear()

    # --- how servers become known ---------------------------------------------------------------------------------

    def port_of(self, address: str, facts: ServerFacts, source_port: int) -> int:
        """The port of the server that announced itself: as it says; where it does not, that of the one server of its
        format there that once did; else the port that the announcement came from."""
        if facts.port is not None:
            return facts.port
        same = [each for each in self._of(address) if each.facts.format == facts.format and each.facts.port is not None]
        return same[0].port if len(same) == 1 else source_port

    def heard(self, seen: Sighting, now: float) -> None:
        """A server announced itself, or said goodbye."""
        key, known = seen.key, self._servers.get(seen.key)
        if seen.facts.closing:
            self._said_goodbye(key, now)
            return
        until, goodbye = self._ghosts.get(key, (float("-inf"), False))
        if known is None and until > now and not (seen.fresh and goodbye):
            return
        before = known.announced if known is not None else None
        server = self._merged(known, seen, Found.ANNOUNCED, now)
        period = seen.period if before is None else rhythm(server.period, now - before)
        self._put(attrs.evolve(server, announced=now, period=period))

    def detected(self, origin: Origin, hosted: Iterable[Sighting], now: float) -> None:
        """A member's node says that exactly these servers run there.

        :param hosted: all of this origin; what is beyond the limit is left out.
        """
        told = {seen.key: seen for seen in list(hosted)[:MEMBER_LIMIT]}
        for server in self._of(origin.address):
            if Found.DETECTED in server.found and server.key not in told:
                self._lose(server, Found.DETECTED, "its member says that it has ended", now)
        for key, seen in told.items():
            self._ghosts.pop(key, None)
            self._put(self._merged(self._servers.get(key), seen, Found.DETECTED, now))

    def named(self, seen: Sighting, now: float) -> bool:
        """The user named a server.

        :return: whether there was room.
        """
        known = self._servers.get(seen.key)
        manual = sum(Found.MANUAL in each.found for each in self._servers.values())
        if manual >= MANUAL_LIMIT and (known is None or Found.MANUAL not in known.found):
            return False
        self._put(self._merged(known, seen, Found.MANUAL, now))
        return True

    def unnamed(self, key: ServerKey, now: float) -> None:
        """The user wants to see it no more; one that is heard all the same stays."""
        server = self._servers.get(key)
        if server is not None and Found.MANUAL in server.found:
            self._lose(server, Found.MANUAL, "you removed it", now)

    # --- what became of questions ---------------------------------------------------------------------------------

    def answered(self, key: ServerKey, facts: ServerFacts | None, how: str, now: float) -> None:
        """A server answered.

        :param facts: what it said; ``None`` where it only took a connection.
        :param how: in words: by what it is known that it can be joined.
        """
        server = self._servers.get(key)
        if server is None:
            return
        said = (
            server.facts if facts is None else joined_facts(server.facts, attrs.evolve(clean_facts(facts), port=None))
        )
        verdict = Verdict(Joinable.YES, how, now)
        self._replace(server, attrs.evolve(server, facts=said, answered=now, missed=0, verdict=verdict))

    def missed(self, key: ServerKey, reason: str, now: float) -> None:
        """A server left a question unanswered.

        :param reason: in words.
        """
        server = self._servers.get(key)
        if server is None:
            return
        missed = server.missed + 1
        verdict = server.verdict if missed < MISSES else Verdict(Joinable.NO, reason, now)
        after = attrs.evolve(server, missed=missed, verdict=verdict)
        if after.silent and Found.DETECTED not in server.found:
            self._remove(server, f"{GONE_SILENT}: {reason}", now)
        else:
            self._replace(server, after)

    def cut_off(self, key: ServerKey, reason: str, now: float) -> None:
        """A server could not answer, as there is no way to it: it cannot be joined, and has missed nothing.

        :param reason: in words.
        """
        server = self._servers.get(key)
        if server is not None:
            self._replace(server, attrs.evolve(server, verdict=Verdict(Joinable.NO, reason, now)))

    # --- time and members -----------------------------------------------------------------------------------------

    def keep_only(self, addresses: Collection[str]) -> None:
        """These are the members' addresses now, this machine's own included: what others offered is gone.

        What the user named stays where no member has a part in it.
        """
        for server in self.known():
            if server.origin.address not in addresses and server.origin.member is not None:
                self._drop(server, "its member has left")

    def expire(self, now: float, cut_off: Collection[ServerKey] = ()) -> None:
        """What was not heard of for too long is gone.

        :param cut_off: of these nothing can be heard since there is no way to them: they have longer.
        """
        for server in self.known():
            if server.until() + (CUT_OFF_SECONDS if server.key in cut_off else 0.0) <= now:
                self._drop(server, "it is not announced any more")
        for key in [key for key, (until, _) in self._ghosts.items() if until <= now]:
            del self._ghosts[key]

    # --- within ---------------------------------------------------------------------------------------------------

    def _of(self, address: str) -> list[Server]:
        return [server for server in self._servers.values() if server.origin.address == address]

    def _merged(self, known: Server | None, seen: Sighting, found: Found, now: float) -> Server:
        facts = clean_facts(seen.facts)
        if known is None:
            verdict = Verdict() if seen.ask.query or seen.proto == "tcp" else Verdict(reason=CANNOT_ASK)
            return Server(
                seen.origin, seen.port, seen.proto, seen.game, seen.ask, facts, frozenset({found}), now, verdict=verdict
            )
        return attrs.evolve(
            known,
            origin=seen.origin,
            proto=known.proto if found is Found.ANNOUNCED else seen.proto,
            game=seen.game or known.game,
            ask=seen.ask if seen.ask.query else known.ask,
            facts=joined_facts(known.facts, facts),
            found=known.found | {found},
        )

    def _put(self, server: Server) -> None:
        known = self._servers.get(server.key)
        if known is not None:
            self._replace(known, server)
            return
        self._servers[server.key] = server
        self.keys_changed += 1
        self.changes.append(ServerAdded(server))
        if Found.MANUAL not in server.found:
            self._make_room(server)

    def _make_room(self, newest: Server) -> None:
        address = newest.origin.address
        own = [each for each in self._of(address) if Found.MANUAL not in each.found]
        if len(own) > MEMBER_LIMIT:
            self._push_out(own, newest)
        held = Counter(each.origin.address for each in self._servers.values() if Found.MANUAL not in each.found)
        if held.total() > TOTAL_LIMIT:
            most = max(held.values())
            largest = address if held[address] == most else next(each for each in held if held[each] == most)
            self._push_out([each for each in self._of(largest) if Found.MANUAL not in each.found], newest)

    def _push_out(self, own: list[Server], newest: Server) -> None:
        """The weakest goes: what nobody vouches for, then what does not answer, then what was not heard for longest."""
        others = [each for each in own if each is not newest] or own
        self.pushed_out += 1
        self._drop(min(others, key=_strength), "its member offers too many servers")

    def _replace(self, known: Server, server: Server) -> None:
        self._servers[server.key] = server
        if server.silent and not known.silent:
            self.changes.append(ServerRemoved(known, f"{GONE_SILENT}: {server.verdict.reason}"))
        elif known.silent and not server.silent:
            self.changes.append(ServerAdded(server))
        elif server.visible != known.visible and not server.silent:
            self.changes.append(ServerChanged(server, known))

    def _lose(self, server: Server, found: Found, reason: str, now: float) -> None:
        """It is not known in this way any more."""
        left = server.found - {found}
        if found is Found.MANUAL and left and not (server.missed >= MISSES and left == {Found.ANNOUNCED}):
            self._replace(server, attrs.evolve(server, found=left))
        elif found is Found.DETECTED and Found.MANUAL in left:
            self._replace(server, attrs.evolve(server, found=left, announced=None, answered=None))
        else:
            self._remove(server, reason, now)

    def _said_goodbye(self, key: ServerKey, now: float) -> None:
        server = self._servers.get(key)
        if server is None:
            self._haunt(key, now, goodbye=True)
        elif Found.MANUAL in server.found:
            self._replace(server, attrs.evolve(server, found=frozenset({Found.MANUAL}), announced=None))
        else:
            self._drop(server, "it said goodbye")
            self._haunt(key, now, goodbye=True)

    def _remove(self, server: Server, reason: str, now: float) -> None:
        """It has ended: what is still on its way from it does not count."""
        self._drop(server, reason)
        self._haunt(server.key, now)

    def _haunt(self, key: ServerKey, now: float, *, goodbye: bool = False) -> None:
        self._ghosts.pop(key, None)
        self._ghosts[key] = now + GHOST_SECONDS, goodbye
        if len(self._ghosts) > GHOST_LIMIT:
            del self._ghosts[next(iter(self._ghosts))]

    def _drop(self, server: Server, reason: str) -> None:
        del self._servers[server.key]
        self.keys_changed += 1
        if not server.silent:
            self.changes.append(ServerRemoved(server, reason))


def _strength(server: Server) -> tuple[bool, bool, float]:
    heard = server.announced if server.announced is not None else server.first
    return Found.DETECTED in server.found, server.answered is not None and not server.missed, heard
