"""A node in memory: keeps one party, fails as it is told to, for tests of what speaks to a node."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred
from zope.interface import implementer

from lanrage.app.operations import INode, Progress
from lanrage.app.qr_node import QrNode
from lanrage.app.results import (
    CardShown,
    ControlShown,
    Invited,
    Joined,
    JoinStageShown,
    Left,
    MemberShown,
    NatShown,
    PartyCreated,
    PartyName,
    PartyShown,
    RelayTcpShown,
    SpokenShown,
    StatusShown,
    TunnelShown,
)
from lanrage.core.diagnosis import NodeFacts
from lanrage.errors import Refused
from tests.fakes_agent import FakeAgents
from tests.fakes_bridge import FakeBridges
from tests.fakes_desktop import FakeDesktop
from tests.fakes_detection import FakeDetection
from tests.fakes_doctor import FakeDoctor, healthy_node
from tests.fakes_game_mods import FakeGameMods
from tests.fakes_games import FakeGames
from tests.fakes_governing import FakeGovernor
from tests.fakes_guard import FakeExposed
from tests.fakes_logs import FakeLogs
from tests.fakes_metrics import FakeMetrics
from tests.fakes_notify import FakeNotify
from tests.fakes_offers import FakeOffers
from tests.fakes_paths import FakePaths
from tests.fakes_probe import FakeProbe
from tests.fakes_profile import FakeProfile
from tests.fakes_relays import FakeRelays
from tests.fakes_rooms import FakeRooms
from tests.fakes_servers import FakeServers
from tests.fakes_settings import FakeSettings
from tests.fakes_tasks import FakeTasks
from tests.fakes_web import FakeWeb

PARTY_ID = "0123456789abcdef0123456789abcdef"
SUBNET = "10.66.0.0/24"
CODE = "LR1-" + "QUJD" * 30
LINK = f"lanrage://play.example.org:7766/join#{CODE}"
SPOKEN = "K7QM-2FXD-9R0A"


RULE = ("delay", 72.0)
"""How another member becomes the host, where nothing is said of it."""


NAT = NatShown(
    "full-cone", "endpoint-independent", "endpoint-independent", False, 125.0, "198.51.100.7:51820", True, 12.0
)


@implementer(INode)
@attrs.define
class FakeNode(
    FakeGovernor,
    FakePaths,
    FakeRelays,
    FakeExposed,
    FakeBridges,
    FakeRooms,
    FakeProbe,
    FakeMetrics,
    FakeNotify,
    FakeOffers,
    FakeProfile,
    FakeTasks,
    FakeLogs,
    FakeSettings,
    FakeServers,
    FakeAgents,
    FakeGames,
    FakeGameMods,
    FakeDetection,
    FakeDoctor,
    FakeDesktop,
    QrNode,
    FakeWeb,
):
    """Carries the operations out in memory.

    :ivar failures: what a method raises instead, by its name.
    :ivar calls: what was asked, in order.
    :ivar held: while set, joining waits for it.
    """

    failures: dict[str, BaseException] = attrs.field(factory=dict)
    calls: list[tuple[Any, ...]] = attrs.field(factory=list)
    held: Deferred[None] | None = None
    facts: NodeFacts = attrs.field(factory=healthy_node)
    party: str | None = None
    members: list[MemberShown] = attrs.field(factory=list)
    role: str = "node"

    def _enter(self, *call: Any) -> None:
        self.calls.append(call)
        if call[0] in self.failures:
            raise self.failures[call[0]]

    def _in_party(self) -> str:
        if self.party is None:
            raise Refused("not_in_party", "this node is in no party")
        return self.party

    def _admit(self, party: str, me: str) -> None:
        self.party = party
        self.members = [
            MemberShown(me, "10.66.0.1", "aa" * 16, True, True, "none"),
            MemberShown("Ben", "10.66.0.2", "bb" * 16, True, False, "direct", 20.5, "198.51.100.7:51820", 31.0, 10, 20),
        ]

    async def create_party(
        self,
        name: str,
        *,
        server: str,
        member_name: str,
        max_members: int,
        expires_hours: float,
        uses: int,
        takeover: str,
        takeover_hours: float,
        token: str = "",
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """See :class:`INode`."""
        rule = (takeover, takeover_hours, token) if token else (takeover, takeover_hours)
        self._enter("create_party", name, server, member_name, max_members, expires_hours, uses, *rule)
        if progress is not None:
            progress("asking the control server")
        self._admit(name, member_name)
        return plain(PartyCreated(PARTY_ID, name, SUBNET, "10.66.0.1", CODE, LINK))

    async def join_party(
        self, code: str, *, member_name: str, server: str, timing_s: float = 0, progress: Progress | None = None
    ) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("join_party", code, member_name, *([server] if server else []))
        if progress is not None:
            progress("asking the control server")
        if self.held is not None:
            await self.held
        if progress is not None:
            progress("making the card")
        self._admit("Friday", member_name)
        stages = [JoinStageShown("code parsed", 1.25, 1.25), JoinStageShown("channel", None, None)]
        return plain(Joined(PARTY_ID, "Friday", SUBNET, "10.66.0.1", len(self.members), stages if timing_s else None))

    async def leave_party(self, *, progress: Progress | None = None) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("leave_party")
        self._in_party()
        self.party = None
        return plain(Left(PARTY_ID))

    async def show_party(self) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("show_party")
        return plain(PartyShown(PARTY_ID, self._in_party(), SUBNET, 7, self.members[0].name, self.members))

    async def invite(self, *, expires_hours: float, uses: int | None, spoken: bool) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("invite", expires_hours, uses, *(["spoken"] if spoken else []))
        self._in_party()
        return plain(Invited(CODE, LINK, SpokenShown(SPOKEN, 600.0, "play.example.org:7766") if spoken else None))

    async def status(self) -> dict[str, Any]:
        """See :class:`INode`."""
        self._enter("status")
        inside = self.party is not None
        return plain(
            StatusShown(
                "0.1.0",
                "in-party" if inside else "idle",
                ControlShown("play.example.org:7766", True) if inside else None,
                TunnelShown("lanrage-wg0", "kernel", 51820),
                CardShown("lanrage0", "10.66.0.1", "fd10:6600::a42:1") if inside else None,
                PartyName(PARTY_ID, self.party) if self.party is not None else None,
                [],
                {"carried": 12},
                nat=NAT if inside else None,
                relay_tcp=RelayTcpShown("open", 2, 3) if inside else None,
            )
        )


def plain(value: msgspec.Struct) -> dict[str, Any]:
    """A struct as a real node gives it: plain values."""
    result: dict[str, Any] = msgspec.to_builtins(value)
    return result
