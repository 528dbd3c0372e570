"""Members compare their games' modifications before play (``docs/games-mods.rst``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore, ensureDeferred, gatherResults, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.app.game_mods_asking import LONGEST, ModsAsking
from lanrage.app.game_mods_own import OwnModLists, OwnMods
from lanrage.app.game_presence import Profiles
from lanrage.app.party_channel import PartyChannel
from lanrage.core.budget import Budget
from lanrage.core.game_mods import Compared, ModList, Verdict, pieces
from lanrage.errors import BadInput, Refused
from lanrage.wire import party_channel as wire

QUESTIONS_RATE, QUESTIONS_BURST = 4.0, 16.0
"""Questions a second, and at once, that one member is heard with."""
PARTS_RATE, PARTS_BURST = 40.0, 96.0
"""Parts a second, and at once, that one member is sent."""
GATHERING_LIMIT = 16
"""Members that are asked at once."""
COMPARISONS_LIMIT = 4
"""Comparisons at once."""
SOON = 8.0
"""Seconds that who wants to play waits for the list here, and then for the other member's: two questions take six."""

log = Logger()


class GameMods:
    """One node's, in whatever party it is; a part of that party's channel from :meth:`join` to :meth:`leave`.

    It answers others for games whose profile names modifications, and for no others.

    :param own: the lists of this machine.
    :ivar profiles: ``None`` until games are known: then it knows no list.
    :ivar refused: questions of members that came too often.
    """

    def __init__(self, clock: Any, own: OwnModLists) -> None:
        self.profiles: Profiles | None = None
        self.refused = 0
        self._clock = clock
        self._own = own
        self._channel: PartyChannel | None = None
        self._ready: frozenset[bytes] = frozenset()
        self._members: frozenset[bytes] = frozenset()
        self._asking: dict[tuple[bytes, str], list[ModsAsking]] = {}
        self._answering: set[tuple[bytes, str]] = set()
        self._comparisons = 0
        self._questions: Budget[bytes] = Budget(QUESTIONS_RATE, QUESTIONS_BURST)
        self._parts: Budget[bytes] = Budget(PARTS_RATE, PARTS_BURST)

    def join(self, channel: PartyChannel) -> None:
        """Speak by this party's channel."""
        self._channel = channel
        channel.extras.append(self)

    def leave(self) -> None:
        """The party's session ends: who was asked gives no answer."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.extras.remove(self)
        self._ready = self._members = frozenset()
        for askings in tuple(self._asking.values()):
            for asking in tuple(askings):
                asking.finish(Compared(Verdict.NO_ANSWER))

    def own(self, game: str, user: int | None = None) -> Deferred[OwnMods]:
        """The list of this machine, or of one of its users; it never fails, but may be cancelled."""
        profile = self.profiles.get(game) if self.profiles is not None else None
        if profile is None or profile.mods is None:
            return succeed(OwnMods(trouble="its profile names no modifications"))
        return self._own.get(game, profile.mods, user)

    async def compare(self, game: str, user: int | None = None) -> tuple[ModList, Mapping[bytes, Compared]]:
        """Our own list, and what the other members' lists have otherwise, by identity.

        :param user: whose list is ours, where several play on this machine.
        :raises BadInput: our own list is not known.
        :raises Refused: ``busy``: too many comparisons at once.
        """
        with self._comparing():
            own = _known(game, await self.own(game, user))
            found = {identity: Compared(Verdict.NO_LINK) for identity in self._members}
            await self._ask_all(game, own, found)
            return own, found

    async def beside(self, identity: bytes, game: str, user: int | None = None) -> Compared:
        """What one other member's list has otherwise, soon: before somebody plays there.

        :raises BadInput: our own list is not known, or not read within :data:`SOON`.
        :raises Refused: ``busy``: too many comparisons at once.
        """
        with self._comparing():
            try:
                own = _known(game, await self.own(game, user).addTimeout(SOON, self._clock))
            except DeferredTimeout as error:
                raise BadInput("game", f"modifications of {game}: they are still being read here") from error
            if identity not in self._ready & self._members:
                return Compared(Verdict.NO_LINK)
            return await self._ask(identity, game, own, SOON)

    # --- the channel's extra ------------------------------------------------------------------------------------------

    def followed(self, ready: frozenset[bytes], members: frozenset[bytes]) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.followed`."""
        self._ready, self._members = ready, members

    def heard(self, identity: bytes, message: wire.Message) -> None:
        """See :meth:`lanrage.app.party_channel.ChannelExtra.heard`."""
        if isinstance(message, wire.ModsPart):
            for asking in tuple(self._asking.get((identity, message.game), ())):
                asking.heard(message)
        elif isinstance(message, wire.ModsAsk):
            pair = (identity, message.game)
            if pair in self._answering or not self._questions.allow(identity, self._clock.seconds()):
                self.refused += 1
                return
            self._answering.add(pair)
            ensureDeferred(self._answer(identity, message)).addBoth(self._answered, pair)

    # --- within -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _comparing(self) -> Iterator[None]:
        if self._comparisons >= COMPARISONS_LIMIT:
            raise Refused("busy", f"{COMPARISONS_LIMIT} comparisons of modifications are being made already")
        self._comparisons += 1
        try:
            yield
        finally:
            self._comparisons -= 1

    async def _ask_all(self, game: str, own: ModList, found: dict[bytes, Compared]) -> None:
        at_once = DeferredSemaphore(GATHERING_LIMIT)

        async def one(identity: bytes) -> None:
            found[identity] = await self._ask(identity, game, own)

        def begin(identity: bytes) -> Deferred[None]:
            return ensureDeferred(one(identity))

        asked = [at_once.run(begin, identity) for identity in sorted(self._ready & self._members)]
        await gatherResults(asked, consumeErrors=True)

    async def _ask(self, identity: bytes, game: str, own: ModList, longest: float = LONGEST) -> Compared:
        channel = self._channel
        if channel is None:
            return Compared(Verdict.NO_ANSWER)
        asking = ModsAsking(self._clock, game, own, lambda question: channel.say(identity, question))
        askings = self._asking.setdefault((identity, game), [])
        askings.append(asking)
        asking.start(longest)
        try:
            return await asking.answer
        finally:
            askings.remove(asking)
            if not askings:
                self._asking.pop((identity, game), None)

    async def _answer(self, identity: bytes, question: wire.ModsAsk) -> None:
        channel, game = self._channel, question.game
        own = await self.own(game)
        if channel is None or channel is not self._channel:
            return
        if own.trouble:
            channel.say(identity, wire.ModsPart(game, b"", 0, 0, ()))
            return
        parts = pieces(own.mods)
        same = not question.digest or question.digest == parts[0].digest
        wanted = question.parts if same and question.parts else range(wire.PARTS_ASKED)
        for number in dict.fromkeys(wanted):
            if number < len(parts) and self._parts.allow(identity, self._clock.seconds()):
                channel.say(identity, wire.ModsPart.told(game, parts[number]))

    def _answered(self, result: object, pair: tuple[bytes, str]) -> None:
        self._answering.discard(pair)
        if isinstance(result, Failure):
            log.failure("a member's question for modifications was not answered", result)


def _known(game: str, own: OwnMods) -> ModList:
    if own.trouble:
        raise BadInput("game", f"modifications of {game}: {own.trouble}")
    return own.mods
