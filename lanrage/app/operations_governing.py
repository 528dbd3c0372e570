"""Operations by which a party is governed, for the table in :mod:`lanrage.app.operations`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from msgspec import Meta

from lanrage.app.operation import CodeText, NameText, Nothing, Operation, Request
from lanrage.app.operations_guests import GUESTS, IGuestNode
from lanrage.app.results import ConflictsShown, Governed, HistoryShown, StatusSet
from lanrage.wire.control_ledger import STATUS_LIMIT, StatusText

MemberText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="the name of a member, or at least 4 digits of its fingerprint",
    ),
]
RoleText = Annotated[str, Meta(pattern=r"^(host|moderator|member)$", description="one of host, moderator and member")]
StatusLine = Annotated[
    StatusText, Meta(description=f"at most {STATUS_LIMIT} characters, without control characters; empty for none")
]


class IGoverningNode(IGuestNode):
    """What a node does for a user who governs a party; see :class:`lanrage.app.operations.INode`."""

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def kick(*, member: str) -> Awaitable[dict[str, Any]]:
        """Throw a member out, with all that it held; the result is a :class:`Governed`, as of all that are signed."""

    def ban(*, member: str) -> Awaitable[dict[str, Any]]:
        """Throw a member out for good."""

    def pardon(*, member: str) -> Awaitable[dict[str, Any]]:
        """Lift a ban."""

    def appoint(*, member: str, role: str) -> Awaitable[dict[str, Any]]:
        """Make a member the host, a moderator, or a member."""

    def rename(*, name: str) -> Awaitable[dict[str, Any]]:
        """Give the party another name."""

    def withdraw(*, code: str) -> Awaitable[dict[str, Any]]:
        """Make an invitation code void."""

    def claim_host(*, member: str) -> Awaitable[dict[str, Any]]:
        """Want a member as host in place of one who is away, by the party's rule."""

    def veto() -> Awaitable[dict[str, Any]]:
        """Object to another host."""

    def set_status(*, text: str) -> Awaitable[dict[str, Any]]:
        """Say something of oneself to the party; the result is a :class:`StatusSet`."""

    def conflicts() -> Awaitable[dict[str, Any]]:
        """What was lost to whom lately; the result is a :class:`ConflictsShown`."""

    def history() -> Awaitable[dict[str, Any]]:
        """The party's ledger; the result is a :class:`HistoryShown`."""


class OfMember(Request, frozen=True):
    """Arguments of operations on one member."""

    member: MemberText


class AppointMember(Request, frozen=True):
    """Arguments of ``party.role``."""

    member: MemberText
    role: RoleText


class RenameParty(Request, frozen=True):
    """Arguments of ``party.rename``."""

    name: NameText


class WithdrawCode(Request, frozen=True):
    """Arguments of ``party.withdraw``."""

    code: CodeText


class Status(Request, frozen=True):
    """Arguments of ``party.say``."""

    text: StatusLine


GOVERNING = (
    Operation(
        "party.kick",
        OfMember,
        Governed,
        "kick",
        "Throw a member out, with the invitation that it came by; it may come back by a new one.",
        "lanrage party kick Ben",
    ),
    Operation(
        "party.ban", OfMember, Governed, "ban", "Throw a member out, and let it in no more.", "lanrage party ban Ben"
    ),
    Operation(
        "party.pardon",
        OfMember,
        Governed,
        "pardon",
        "Lift a ban; to come back takes a new invitation.",
        "lanrage party pardon 3fa94c",
    ),
    Operation(
        "party.role",
        AppointMember,
        Governed,
        "appoint",
        "Make a member a moderator, a member again, or the host in your place.",
        "lanrage party role Ben moderator",
    ),
    Operation(
        "party.rename", RenameParty, Governed, "rename", "Give the party another name.", "lanrage party rename Saturday"
    ),
    Operation(
        "party.withdraw",
        WithdrawCode,
        Governed,
        "withdraw",
        "Make an invitation code void; who joined by it stays.",
        "lanrage party withdraw LR1-...",
    ),
    Operation(
        "party.claim",
        OfMember,
        Governed,
        "claim_host",
        "As a moderator, want a member as host in place of one who is away, by the party's rule.",
        "lanrage party claim Ann",
    ),
    Operation("party.veto", Nothing, Governed, "veto", "As the host, object to another host.", "lanrage party veto"),
    Operation(
        "party.say",
        Status,
        StatusSet,
        "set_status",
        "Say something of yourself to the party.",
        'lanrage party say "back at nine"',
    ),
    Operation(
        "party.conflicts",
        Nothing,
        ConflictsShown,
        "conflicts",
        "Show what was lost lately because another change came first.",
        "lanrage party conflicts",
        reads=True,
    ),
    Operation(
        "party.history",
        Nothing,
        HistoryShown,
        "history",
        "Show the party's signed ledger: who was let in, thrown out or appointed, by whom.",
        "lanrage party history",
        reads=True,
    ),
    *GUESTS,
)
"""Rows of the table."""
