"""The one table of operations: the local API, the command line's help and ``docs/api.rst`` all come from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import attrs
import msgspec
from msgspec import Meta
from zope.interface import Interface

from lanrage.app.results import Diagnosed, Invited, Joined, Left, PartyCreated, PartyShown, StatusShown
from lanrage.core.certificates import NAME_LIMIT, Name
from lanrage.core.code import CODE_LIMIT
from lanrage.errors import BadInput
from lanrage.wire.control import TOKEN_LIMIT
from lanrage.wire.local import convert_args, quote, rules

Progress = Callable[[str], None]
"""Called with one short sentence at each stage of a long operation."""

PARTY_LIMIT = 64
"""Members of a party, as the charter's type says."""
HOURS_LIMIT = 24 * 366
"""An invitation lives at most a year; a party that lasts longer hands out a new one."""
DEFAULT_HOURS = 24.0
"""An evening's party, and the friend who reads the message in the morning."""
DEFAULT_MEMBERS = 16
"""The party that the LAN plane is measured with."""
CODE_TEXT_LIMIT = 2 * CODE_LIMIT
"""Characters of a pasted code with the line breaks that a chat program puts into it."""


class INode(Interface):
    """What a node does for its user; the local API and the command line see no more of it.

    Every method raises errors of :mod:`lanrage.errors` only; anything else is a bug and reported as one. `progress` may
    be called any number of times, from the reactor's thread, until the result is there.
    """

    # Interface methods have no self and no body.
    # pylint: disable=no-self-argument,no-method-argument

    def create_party(
        name: str,
        *,
        server: str,
        member_name: str,
        max_members: int,
        expires_hours: float,
        uses: int,
        token: str,
        progress: Progress | None = None,
    ) -> Awaitable[dict[str, Any]]:
        """Found a party at a control server and become its host; the result is a :class:`PartyCreated`.

        :param server: ``HOST:PORT``; empty = the one that the node is set to.
        :param token: for a control server that takes new parties by token alone.
        """

    def join_party(code: str, *, member_name: str, progress: Progress | None = None) -> Awaitable[dict[str, Any]]:
        """Become a member by an invitation code; the result is a :class:`Joined`."""

    def leave_party(*, progress: Progress | None = None) -> Awaitable[dict[str, Any]]:
        """Give up membership and take card and peers down; the result is a :class:`Left`."""

    def show_party() -> Awaitable[dict[str, Any]]:
        """The party as this node sees it; the result is a :class:`PartyShown`."""

    def invite(*, expires_hours: float, uses: int) -> Awaitable[dict[str, Any]]:
        """A new invitation code of the current party, by its host only; the result is an :class:`Invited`."""

    def status() -> Awaitable[dict[str, Any]]:
        """The node's state; the result is a :class:`StatusShown`."""

    def diagnose() -> Awaitable[dict[str, Any]]:
        """The facts for the doctor: :class:`lanrage.core.diagnosis.NodeFacts` as plain values."""


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all requests: unknown arguments are refused."""


_NAME = f"1 to {NAME_LIMIT} characters, without control characters and without blanks at its ends"
NameText = Annotated[Name, Meta(description=_NAME)]
ServerText = Annotated[
    str,
    Meta(
        max_length=260,
        pattern=r"^(?:\S+:[0-9]{1,5})?$",
        description="HOST:PORT of a control server, or empty for the one that the node is set to",
    ),
]
CodeText = Annotated[
    str, Meta(min_length=1, max_length=CODE_TEXT_LIMIT, description="an invitation code, which starts with LR1-")
]
TokenText = Annotated[
    str, Meta(max_length=TOKEN_LIMIT, description="the token of a control server that takes new parties by token alone")
]
Members = Annotated[int, Meta(ge=2, le=PARTY_LIMIT, description=f"a whole number from 2 to {PARTY_LIMIT}")]
Uses = Annotated[int, Meta(ge=1, le=PARTY_LIMIT, description=f"a whole number from 1 to {PARTY_LIMIT}")]
Hours = Annotated[
    float, Meta(gt=0, le=HOURS_LIMIT, description=f"a number of hours, more than 0 and at most {HOURS_LIMIT}")
]


class CreateParty(_Request, frozen=True):
    """Arguments of ``party.create``."""

    name: NameText
    member_name: NameText
    server: ServerText = ""
    max_members: Members = DEFAULT_MEMBERS
    expires_hours: Hours = DEFAULT_HOURS
    uses: Uses = DEFAULT_MEMBERS
    token: TokenText = ""


class JoinParty(_Request, frozen=True):
    """Arguments of ``party.join``."""

    code: CodeText
    member_name: NameText


class Invite(_Request, frozen=True):
    """Arguments of ``party.invite``."""

    expires_hours: Hours = DEFAULT_HOURS
    uses: Uses = DEFAULT_MEMBERS


class Nothing(_Request, frozen=True):
    """No arguments."""


@attrs.frozen
class Operation:
    """One row of the table.

    :param name: as the local API calls it.
    :param request: the type of its arguments; each field's description is its rule.
    :param result: the type of its result.
    :param method: the method of :class:`INode`; it takes the request's fields as arguments of the same names.
    :param help: one sentence.
    :param example: the command line that does the same.
    :param long: it tells its progress.
    """

    name: str
    request: type[msgspec.Struct]
    result: type[msgspec.Struct]
    method: str
    help: str
    example: str
    long: bool = False


_ALL = (
    Operation(
        "party.create",
        CreateParty,
        PartyCreated,
        "create_party",
        "Found a party at a control server and print its invitation code.",
        "lanrage party create Friday --server play.example.org:7766 --as Ann",
        long=True,
    ),
    Operation(
        "party.join",
        JoinParty,
        Joined,
        "join_party",
        "Join a party by the invitation code that its host gave you.",
        "lanrage party join LR1-... --as Ben",
        long=True,
    ),
    Operation(
        "party.leave", Nothing, Left, "leave_party", "Leave the party of this node.", "lanrage party leave", long=True
    ),
    Operation(
        "party.show",
        Nothing,
        PartyShown,
        "show_party",
        "Show the party's members and the paths to them.",
        "lanrage party show --json",
    ),
    Operation(
        "party.invite",
        Invite,
        Invited,
        "invite",
        "Make a new invitation code for the party; only its host can.",
        "lanrage party invite --uses 3 --expires 2",
    ),
    Operation(
        "status",
        Nothing,
        StatusShown,
        "status",
        "Show whether the node runs, where it is connected, and what it lacks.",
        "lanrage status",
    ),
    Operation(
        "diagnose",
        Nothing,
        Diagnosed,
        "diagnose",
        "Give the facts that the doctor judges.",
        "lanrage doctor",
    ),
)
OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in _ALL}
"""All operations by name."""


async def perform(node: INode, name: str, args: dict[str, Any], progress: Progress | None = None) -> dict[str, Any]:
    """Check the arguments and let the node carry the operation out.

    :raises BadInput: an unknown operation or a wrong argument; the node was not asked.
    :raises LanrageError: what the node refused.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        raise BadInput("op", f"{quote(name)} is not known here; known are: {', '.join(OPERATIONS)}")
    request = convert_args(args, operation.request)
    named: dict[str, Any] = {field: getattr(request, field) for field in request.__struct_fields__}
    if operation.long:
        named["progress"] = progress
    result: dict[str, Any] = await getattr(node, operation.method)(**named)
    return result


def _shown(default: Any) -> str:
    return "empty" if default == "" else str(default)


def reference() -> str:
    """The table of operations as reST; ``docs/api.rst`` holds exactly this."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 15 45 40", ""]
    lines += ["   * - operation", "     - arguments", "     - result"]
    for operation in _ALL:
        defaults = {field.name: field for field in msgspec.structs.fields(operation.request)}
        arguments = [
            f"``{name}``: {rule}" + ("" if defaults[name].required else f" (default {_shown(defaults[name].default)})")
            for name, rule in rules(operation.request).items()
        ]
        results = ", ".join(f"``{field}``" for field in operation.result.__struct_fields__)
        lines += [f"   * - ``{operation.name}``", "", f"       {operation.help}"]
        lines += [f"     - {' · '.join(arguments) or 'none'}", f"     - {results}"]
    return "\n".join(lines) + "\n"
