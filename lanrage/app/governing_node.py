"""The operations by which a party is governed: roles, throwing out, renaming, the host's place, conflicts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from lanrage.app import ledger_view
from lanrage.app.governance import Governance, find_member
from lanrage.app.guest_node import GuestNode
from lanrage.app.party_life import PartyLife
from lanrage.app.results import ConflictsShown, Governed, HistoryShown, StatusSet
from lanrage.core.code import InvitationCode
from lanrage.core.ledger_records import Action, Appoint, HandOver, Pardon, Rename, Revoke, Support, Veto, Withdraw
from lanrage.core.replica import PartyReplica
from lanrage.errors import REFUSALS, BadInput, Refused
from lanrage.wire.control import Done
from lanrage.wire.control_ledger import ConflictsFound, FetchConflicts, SetStatus


class GoverningNode(GuestNode):
    """Part of :class:`lanrage.app.node.NodeService`."""

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    def _alone(self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> Deferred[dict[str, Any]]:
        raise AssertionError("given by the node")

    def kick(self, *, member: str) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.kick`."""
        return self._alone(lambda: self._act(lambda replica: _revoke(replica, member, ban=False)))

    def ban(self, *, member: str) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.ban`."""
        return self._alone(lambda: self._act(lambda replica: _revoke(replica, member, ban=True)))

    def pardon(self, *, member: str) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.pardon`."""
        return self._alone(lambda: self._act(lambda replica: Pardon(find_member(replica, member))))

    def appoint(self, *, member: str, role: str) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.appoint`."""
        return self._alone(lambda: self._act(lambda replica: _appoint(replica, member, role)))

    def rename(self, *, name: str) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.rename`."""
        return self._alone(lambda: self._act(lambda _: Rename(name)))

    def withdraw(self, *, code: str) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.withdraw`."""
        return self._alone(lambda: self._act(lambda replica: _withdraw(replica, code)))

    def claim_host(self, *, member: str) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.claim_host`."""
        return self._alone(lambda: self._act(lambda replica: Support(find_member(replica, member))))

    def veto(self) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.veto`."""
        return self._alone(lambda: self._act(lambda _: Veto()))

    def set_status(self, *, text: str) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.set_status`."""
        return self._alone(lambda: self._set_status(text))

    async def conflicts(self) -> dict[str, Any]:
        """See :meth:`INode.conflicts`."""
        saved, replica, link = self._own().current()
        found = await link.ask(FetchConflicts(saved.party_id), ConflictsFound)
        return _plain(ConflictsShown([ledger_view.conflict(row, replica) for row in found.conflicts]))

    async def history(self) -> dict[str, Any]:
        """See :meth:`INode.history`."""
        _, replica, _ = self._own().current()
        return _plain(HistoryShown(ledger_view.history(replica)))

    # --- within -------------------------------------------------------------------------------------------------------

    async def _act(self, choose: Callable[[PartyReplica], Action]) -> dict[str, Any]:
        governance, replica = self._governance()
        before = ledger_view.names(replica)  # who is thrown out has no name there afterwards
        await governance.act(choose(replica))
        assert replica.ledger is not None
        return _plain(Governed(replica.party_id, replica.epoch, ledger_view.last(replica, before)))

    def _governance(self) -> tuple[Governance, PartyReplica]:
        life = self._own()
        _, replica, _ = life.current()
        if life.governance is None or replica.ledger is None:
            raise Refused("not_in_party", REFUSALS["not_in_party"])
        return life.governance, replica

    async def _set_status(self, text: str) -> dict[str, Any]:
        saved, replica, link = self._own().current()
        await link.ask(SetStatus(saved.party_id, text), Done)
        link.said(text)
        return _plain(StatusSet(replica.party_id, text))


def _revoke(replica: PartyReplica, member: str, *, ban: bool) -> Revoke:
    identity = find_member(replica, member)
    entry = replica.members.get(identity)
    return Revoke(identity, ban, ledger_view.shown_invitations(replica, entry) if entry is not None else ())


def _appoint(replica: PartyReplica, member: str, role: str) -> Action:
    identity = find_member(replica, member)
    if role == "host":
        return HandOver(identity)
    return Appoint(identity, "moderator" if role == "moderator" else "member")


def _withdraw(replica: PartyReplica, code: str) -> Withdraw:
    invitation = InvitationCode.decode(code)
    if invitation.party_id != replica.party_id:
        raise BadInput("code", "is of another party")
    return Withdraw(bytes.fromhex(invitation.invitation_id))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
