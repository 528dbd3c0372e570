"""Entering a party, founded or joined, as a plan: each step knows how it is taken back (``docs/tasks.rst``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from ipaddress import IPv4Network
from typing import TypeVar

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanrage.app.control_link import ControlLink
from lanrage.app.membership import Membership
from lanrage.app.operations import Progress
from lanrage.app.party_life import PartyLife
from lanrage.app.patience import patiently
from lanrage.app.task_runner import Job
from lanrage.core.replica import PartyReplica
from lanrage.errors import LanrageError
from lanrage.log_context import set_context
from lanrage.store.replica import SavedParty
from lanrage.wire.control import Done, LeaveParty

REACH, BECOME, KEEP, TAKE_PART = "reach the control server", "become a member", "keep the party", "take part"
"""The steps, each of which needs the one before."""

Networks = Collection[IPv4Network]
T = TypeVar("T")


@attrs.define(eq=False)
class Entering:
    """One try to get into a party.

    :param reach: opens the link to the control server.
    :param event: what is logged once this node is a member; with the party's ``name``, and ours as ``member``.
    :param become: makes this node a member there; gives what is kept, and the verified party.
    """

    life: PartyLife
    membership: Membership
    progress: Progress
    reach: Callable[[], Awaitable[ControlLink]]
    become: Callable[[ControlLink, Networks], Awaitable[tuple[SavedParty, PartyReplica]]]
    event: str
    _link: ControlLink | None = None
    _entered: tuple[SavedParty, PartyReplica] | None = None

    log = Logger()

    def jobs(self) -> list[Job]:
        """The plan, for :meth:`lanrage.app.task_runner.TaskRunner.carry_out`."""
        return [
            Job.of(REACH, self._reach, self._hang_up, grace=None),
            Job.of(BECOME, self._become, self._say_goodbye, needs=(REACH,), grace=None),
            Job.of(KEEP, self._keep, self.life.forget, needs=(BECOME,), grace=None),
            Job.of(TAKE_PART, self._take_part, self.life.put_down, needs=(KEEP,), grace=None),
        ]

    @property
    def saved(self) -> SavedParty:
        """What is kept of the party, once this node is a member."""
        assert self._entered is not None
        return self._entered[0]

    @property
    def link(self) -> ControlLink:
        """To the control server, once it is reached."""
        assert self._link is not None
        return self._link

    async def _reach(self) -> None:
        self._link = await self.reach()

    async def _hang_up(self) -> None:
        await self.link.close()

    async def _become(self) -> None:
        networks = await self.life.machinery.machine.networks()
        self._entered = saved, replica = await self.become(self.link, networks)
        set_context(party_id=saved.party_id)
        name = replica.ledger.name if replica.ledger is not None else ""
        self.log.info(self.event, name=name, member=saved.my_name)

    async def _say_goodbye(self) -> None:
        """Without a session there is nothing to keep; the address stays ours at the server."""
        set_context(party_id=self.saved.party_id)
        self.membership.forget_key(self.saved.party_id)
        try:
            await self.link.ask(LeaveParty(self.saved.party_id), Done)
        except LanrageError as error:
            self.log.warn("the control server did not hear that we left: {error}", error=str(error))

    async def _keep(self) -> None:
        set_context(party_id=self.saved.party_id)
        written: Deferred[None] = Deferred()
        writing = Deferred.fromCoroutine(self.life.keep(self.saved))
        writing.addBoth(_tell, written)
        try:
            await patiently(writing)
        except BaseException:  # cancelled while a thread writes, which nothing can stop: what it writes must go, too
            await written
            await self.life.forget()
            raise

    async def _take_part(self) -> None:
        assert self._entered is not None
        set_context(party_id=self.saved.party_id)
        self.progress("bringing the LAN card up")
        try:
            await self.life.enter(*self._entered, self.link)
        except BaseException:
            await self.life.put_down()
            raise
        if self.link.client.server_info is not None:
            self.life.up(self.link.client.server_info)


def _tell(result: T, written: Deferred[None]) -> T:
    written.callback(None)
    return result
