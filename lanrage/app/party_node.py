"""Founding, joining and leaving a party, and inviting into it: the work of a node's operations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

import msgspec
from twisted.logger import Logger

from lanrage.app import node_view
from lanrage.app.arrival import Arrival
from lanrage.app.config import NodeConfig
from lanrage.app.control_link import ControlLink
from lanrage.app.entering import Entering, Networks
from lanrage.app.membership import Membership, Wish
from lanrage.app.operations import DEFAULT_MEMBERS, Progress
from lanrage.app.party_life import PartyLife
from lanrage.app.qr_node import QrNode
from lanrage.app.results import Invited, Joined, Left, PartyCreated, SpokenShown
from lanrage.app.spoken_desk import SpokenDesk
from lanrage.app.task_runner import Job, TaskRunner
from lanrage.core.certificates import Takeover
from lanrage.core.code import InvitationCode, check_address
from lanrage.core.join_stages import JoinStages, Stage
from lanrage.core.replica import PartyReplica
from lanrage.core.spoken import read_code
from lanrage.errors import Refused, Unreachable
from lanrage.log_context import set_context
from lanrage.logs import keep_secret
from lanrage.store.replica import SavedParty
from lanrage.wire.control import LeaveParty

LEAVE_TIMEOUT = 3.0
"""Seconds that a user who leaves waits for the control server's answer, which takes milliseconds."""


def quiet(_text: str) -> None:
    """Progress that nobody asked for."""


class PartyNode(QrNode):
    """Part of :class:`lanrage.app.node.NodeService`."""

    log = Logger()
    _reactor: Any
    _config: NodeConfig
    _random: Callable[[int], bytes]
    _spoken: SpokenDesk | None
    tasks: TaskRunner

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    def _membership(self, life: PartyLife) -> Membership:
        raise AssertionError("given by the node")

    async def _free_to_enter(self) -> PartyLife:
        raise AssertionError("given by the node")

    async def _create(
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
        progress = progress or quiet
        keep_secret(token)
        address = check_address(server or self._config.server, "server")
        rule, delay = cast(Takeover, takeover), int(takeover_hours * 3600)
        wish = Wish(name, member_name, max_members, expires_hours, uses, rule, delay, token)
        return await self._found(wish, address, progress)

    async def _found(self, wish: Wish, address: str, progress: Progress) -> dict[str, Any]:
        life = await self._free_to_enter()
        membership = self._membership(life)

        async def reach() -> ControlLink:
            link = life.control_link((address,), None)
            progress(f"connecting to {address}")
            await link.open()
            return link

        def become(link: ControlLink, networks: Networks) -> Awaitable[tuple[SavedParty, PartyReplica]]:
            return membership.create(link, address, wish, networks, progress)

        entering = Entering(life, membership, progress, reach, become, "the party {name} is founded")
        await self.tasks.carry_out("found a party", entering.jobs())
        code = entering.saved.code
        shown = node_view.entered(life)
        link_text = InvitationCode.decode(code).link()
        return _plain(PartyCreated(shown.party_id, shown.name, shown.subnet, shown.address, code, link_text))

    async def _join(
        self, code: str, *, member_name: str, stages: JoinStages, server: str = "", progress: Progress | None = None
    ) -> dict[str, Any]:
        progress = progress or quiet
        given = read_code(code)
        stages.reached(Stage.CODE, self._reactor.seconds())
        if isinstance(given, InvitationCode):
            set_context(party_id=given.party_id)
        life = await self._free_to_enter()
        arrival = Arrival(self._reactor, life.keys.identity.public, life.control_link, self._random)
        membership = self._membership(life)
        invitations: list[InvitationCode] = []

        async def reach() -> ControlLink:
            link, invitation = await arrival.arrive(given, server, self._config.server, progress)
            set_context(party_id=invitation.party_id)
            invitations.append(invitation)
            stages.reached(Stage.CHANNEL, self._reactor.seconds())
            return link

        async def become(link: ControlLink, networks: Networks) -> tuple[SavedParty, PartyReplica]:
            entered = await membership.join(link, invitations[-1], member_name, networks, progress)
            stages.reached(Stage.ADMITTED, self._reactor.seconds())
            return entered

        entering = Entering(life, membership, progress, reach, become, "the party took {member} in")
        await self.tasks.carry_out("join a party", entering.jobs())
        stages.reached(Stage.TUNNEL, self._reactor.seconds())
        shown: Joined = node_view.entered(life)
        return _plain(shown)

    async def _leave(self, progress: Progress) -> dict[str, Any]:
        life = self._own()
        if life.saved is None and (left := await life.load()) is not None:  # an earlier leave could not remove the file
            await life.forget()
            return _plain(Left(left.party_id))
        saved, _, link = life.current()
        progress("leaving")
        self.log.info("this node leaves its party")
        if life.away:
            link.start()

        async def tell() -> None:
            try:
                await link.client.request(LeaveParty(saved.party_id), timeout=LEAVE_TIMEOUT)
            except Refused as error:
                self.log.info("the control server had let go of us already: {error}", error=str(error))
            except Unreachable as error:
                # A server that is gone for good must not hold us; others see us offline until it hears from us.
                self.log.warn("the control server did not hear that we left: {error}", error=str(error))
                progress(f"the control server could not be told, it will show you as offline: {error}")

        jobs = (
            Job.of("tell the control server", tell, grace=None),
            Job.of("end the session", life.go_out, needs=("tell the control server",), grace=None),
            Job.of("forget the party", life.forget, needs=("end the session",), grace=None),
        )
        await self.tasks.carry_out("leave the party", jobs)
        if self._spoken is not None:
            self._spoken.forget()
        return _plain(Left(saved.party_id))

    async def _invite(self, hours: float, uses: int | None, spoken: bool) -> dict[str, Any]:
        life = self._own()
        saved, replica, link = life.current()
        membership = self._membership(life)
        if not spoken or self._spoken is None:
            code = await membership.invite(link, saved, replica, hours, uses or DEFAULT_MEMBERS)
            self.log.info("an invitation was made, for {hours:g} h", hours=hours)
            return _plain(Invited(code, InvitationCode.decode(code).link()))
        offered = await self._spoken.offer(
            link, saved.party_id, lambda: membership.invite(link, saved, replica, hours, uses or 1)
        )
        invitation = InvitationCode.decode(offered.invitation)
        shown = SpokenShown(offered.code, offered.lifetime, invitation.addresses[0])
        return _plain(Invited(offered.invitation, invitation.link(), shown))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
