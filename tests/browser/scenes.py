"""Nodes in memory for the page's tests: a usual one, one that takes its time, one whose members mean ill."""

from __future__ import annotations

import shutil
import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.task import deferLater

from lanrage.app.config import NodeConfig
from lanrage.app.game_detection_results import GamesDetected
from lanrage.app.path_results import PairShown
from lanrage.app.results import MemberShown, PartyShown, PlayingShown
from lanrage.app.servers_results import ServersShown
from lanrage.app.settings_book import SettingsBook
from lanrage.app.settings_start import Start
from lanrage.errors import Refused
from tests.browser.scene_guests import KeepingNode
from tests.fakes_detection import RUNNING
from tests.fakes_node import PARTY_ID, SUBNET, plain
from tests.fakes_paths import shown_peer
from tests.fakes_servers import ARENA

EVIL = (
    "<img src=x onerror=evil=1>",
    "<script>evil=1</script>",
    "\u202eneB\u202c\u2066x",
    '"><svg/onload=evil=1>',
    "javascript:evil()",
)
"""Texts that a peer may have put into a name."""
PAUSE = 0.8
"""Seconds that a stage of joining takes, so that it can be seen."""
FULL = "full"
"""A code for a party that is full."""


class UsualNode(KeepingNode):
    """A fake node with settings, whose joins have the real one's stages.

    :param reactor: for its pauses.
    """

    def __init__(self, reactor: Any) -> None:
        super().__init__()
        self._reactor = reactor
        self._folder = Path(tempfile.mkdtemp(prefix="lanrage-page-"))
        self.book = SettingsBook(Start.plain(self._folder), NodeConfig.parse)
        self.role_here = "host"

    def reset(self) -> None:
        """As it was in the beginning."""
        self.party, self.members, self.role_here = None, [], "host"
        self.keep_nothing()
        assert self.book is not None
        self.book.reset("")

    def close(self) -> None:
        """Leave nothing on the disk."""
        shutil.rmtree(self._folder)

    async def _stages(self, progress: Any, *texts: str) -> None:
        for text in texts:
            progress(text)
            await deferLater(self._reactor, PAUSE)

    async def create_party(self, name: str, **wishes: Any) -> dict[str, Any]:
        """See :class:`INode`."""
        progress = wishes.pop("progress")
        await self._stages(
            progress, "connecting to play.example.org:7766", "founding the party", "making the invitation"
        )
        return await super().create_party(name, progress=progress, **wishes)

    async def join_party(self, code: str, **wishes: Any) -> dict[str, Any]:
        """See :class:`INode`."""
        progress = wishes.pop("progress")
        await self._stages(progress, "connecting to play.example.org:7766", "reading the invitation", "joining")
        if code == FULL:
            raise Refused("party_full", "the party has as many members as it allows")
        self.role_here = "member"
        return await super().join_party(code, progress=progress, **wishes)

    async def show_party(self) -> dict[str, Any]:
        """See :class:`INode`."""
        name = self._in_party()
        return plain(PartyShown(PARTY_ID, name, SUBNET, 7, self.members[0].name, self.shown_members()))

    def shown_members(self) -> list[MemberShown]:
        """As the page sees them."""
        me, *others = self.members
        return [msgspec.structs.replace(me, role=self.role_here), *others]


class CrowdNode(UsualNode):
    """Four members, who tell of the paths between them."""

    def shown_members(self) -> list[MemberShown]:
        """Two more, one over a relay, one out of reach."""
        me, ben = super().shown_members()
        cleo = msgspec.structs.replace(ben, name="Cleo", address="10.66.0.3", identity="cc" * 16, path="relay")
        dora = msgspec.structs.replace(ben, name="Dora", address="10.66.0.4", identity="dd" * 16, path="none")
        return [me, ben, cleo, dora]


class HostileNode(UsualNode):
    """Its members, servers and games have the worst names."""

    def shown_members(self) -> list[MemberShown]:
        """A member for each name."""
        me, ben = super().shown_members()
        game = PlayingShown("evil", EVIL[0], True)
        return [
            me,
            *(
                msgspec.structs.replace(
                    ben, name=text, address=f"10.66.0.{place}", identity=f"{place:02x}" * 16, status=text, games=[game]
                )
                for place, text in enumerate(EVIL, 2)
            ),
        ]

    async def paths(self) -> dict[str, Any]:
        """See :class:`INode`."""
        self.between = [
            PairShown(one, other, one, "direct", 20.0, score=90.0, grade=EVIL[0])
            for one, other in combinations(EVIL, 2)
        ]
        return await super().paths()

    async def list_servers(self, **wishes: Any) -> dict[str, Any]:
        """See :class:`INode`."""
        evil = [
            msgspec.structs.replace(
                ARENA, port=place, name=text, map=text, member=text, game_name=text, tags=[text[:24]]
            )
            for place, text in enumerate(EVIL, 1)
        ]
        return plain(ServersShown(evil, len(evil)))

    async def detect_games(self) -> dict[str, Any]:
        """See :class:`INode`."""
        games = [msgspec.structs.replace(RUNNING, name=EVIL[0], game="evil")]
        return plain(GamesDetected("events", "", 5.0, 2, games, 1, 0, 1))

    async def show_metrics(self, *, name: str, peer: str, window: float, history: str) -> dict[str, Any]:
        """See :class:`INode`."""
        shown = await super().show_metrics(name=name, peer=peer, window=window, history=history)
        return {**shown, "names": dict.fromkeys(shown["names"], EVIL[0])}

    async def show_peer(self, *, member: str) -> dict[str, Any]:
        """See :class:`INode`."""
        peer = shown_peer()
        worse = [msgspec.structs.replace(path, endpoint=EVIL[0], kind=EVIL[1]) for path in peer.paths]
        return plain(msgspec.structs.replace(peer, paths=worse, nat=EVIL[0]))


SCENES = {"usual": UsualNode, "crowd": CrowdNode, "hostile": HostileNode}
"""By name."""
