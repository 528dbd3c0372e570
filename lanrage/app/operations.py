"""The one table of operations: the local API, the command line's help and ``docs/api.rst`` all come from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from lanrage.app.caller import Caller
from lanrage.app.operation import CodeText, NameText, Nothing, Operation, Request
from lanrage.app.operations_desktop import DESKTOP, IDesktopNode
from lanrage.app.operations_doctor import DOCTOR, IDoctorNode
from lanrage.app.operations_exposure import EXPOSURE, IExposedNode
from lanrage.app.operations_games import GAMES, IGamesNode
from lanrage.app.operations_governing import GOVERNING, IGoverningNode
from lanrage.app.operations_lan_bridge import LAN_BRIDGE, IBridgeNode
from lanrage.app.operations_machine_room import MACHINE_ROOM, IMachineRoom
from lanrage.app.operations_offers import OFFERS, IOffersNode
from lanrage.app.operations_paths import PATHS, IPathNode
from lanrage.app.operations_probe import PROBE, IProbeNode
from lanrage.app.operations_qr import QR, IQrNode
from lanrage.app.operations_relays import RELAYS, IRelayNode
from lanrage.app.operations_run import RUN, IRoomNode
from lanrage.app.operations_web import WEB, IWebNode
from lanrage.app.results import Invited, Joined, Left, PartyCreated, PartyShown, StatusShown
from lanrage.core.certificates import TAKEOVER_DELAY, TAKEOVER_LONGEST, TAKEOVER_SHORTEST
from lanrage.core.setting import SERVING
from lanrage.errors import BadInput, Refused
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


class INode(
    IGoverningNode,
    IOffersNode,
    IPathNode,
    IRelayNode,
    IExposedNode,
    IBridgeNode,
    IRoomNode,
    IProbeNode,
    IMachineRoom,
    IGamesNode,
    IDoctorNode,
    IDesktopNode,
    IQrNode,
    IWebNode,
):
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
        takeover: str,
        takeover_hours: float,
        token: str,
        progress: Progress | None = None,
    ) -> Awaitable[dict[str, Any]]:
        """Found a party at a control server and become its host; the result is a :class:`PartyCreated`.

        :param server: ``HOST:PORT``; empty = the one that the node is set to.
        :param takeover: how moderators may make another member the host: ``never``, ``majority`` or ``delay``.
        :param token: for a control server that takes new parties by token alone.
        """

    def join_party(
        code: str, *, member_name: str, server: str, timing_s: float = 0, progress: Progress | None = None
    ) -> Awaitable[dict[str, Any]]:
        """Become a member by an invitation code, its link, or a spoken code; the result is a :class:`Joined`.

        :param server: ``HOST:PORT`` of a spoken code's server; empty = the one that the node is set to. With an
            invitation code an address of its server to try first.
        :param timing_s: seconds to wait for the stages that come later; 0 = they are not asked for.
        """

    def leave_party(*, progress: Progress | None = None) -> Awaitable[dict[str, Any]]:
        """Give up membership and take card and peers down; the result is a :class:`Left`."""

    def show_party() -> Awaitable[dict[str, Any]]:
        """The party as this node sees it; the result is a :class:`PartyShown`."""

    def invite(*, expires_hours: float, uses: int | None, spoken: bool) -> Awaitable[dict[str, Any]]:
        """A new invitation code of the current party, by its host only; the result is an :class:`Invited`.

        :param uses: ``None``: one for a spoken code, as many as a usual party has for another.
        :param spoken: with a short code to read out, for as long as this node is connected.
        """

    def status() -> Awaitable[dict[str, Any]]:
        """The node's state; the result is a :class:`StatusShown`."""


ServerText = Annotated[
    str,
    Meta(
        max_length=260,
        pattern=r"^(?:\S+:[0-9]{1,5})?$",
        description="HOST:PORT of a control server, or empty for the one that the node is set to",
    ),
]
TokenText = Annotated[
    str, Meta(max_length=TOKEN_LIMIT, description="the token of a control server that takes new parties by token alone")
]
Members = Annotated[int, Meta(ge=2, le=PARTY_LIMIT, description=f"a whole number from 2 to {PARTY_LIMIT}")]
Uses = Annotated[int, Meta(ge=1, le=PARTY_LIMIT, description=f"a whole number from 1 to {PARTY_LIMIT}")]
UsesOrUsual = Annotated[
    Uses | None,
    Meta(description=f"a whole number from 1 to {PARTY_LIMIT}, or null: {DEFAULT_MEMBERS}, but 1 with a spoken code"),
]
Hours = Annotated[
    float, Meta(gt=0, le=HOURS_LIMIT, description=f"a number of hours, more than 0 and at most {HOURS_LIMIT}")
]


TakeoverText = Annotated[
    str,
    Meta(pattern=r"^(never|majority|delay)$", description="never, majority, or the hours in which the host can object"),
]
TakeoverHours = Annotated[
    float,
    Meta(
        ge=TAKEOVER_SHORTEST / 3600,
        le=TAKEOVER_LONGEST / 3600,
        description=f"a number of hours from {TAKEOVER_SHORTEST // 3600} to {TAKEOVER_LONGEST // 3600}",
    ),
]


class CreateParty(Request, frozen=True):
    """Arguments of ``party.create``."""

    name: NameText
    member_name: NameText
    server: ServerText = ""
    max_members: Members = DEFAULT_MEMBERS
    expires_hours: Hours = DEFAULT_HOURS
    uses: Uses = DEFAULT_MEMBERS
    takeover: TakeoverText = "delay"
    takeover_hours: TakeoverHours = TAKEOVER_DELAY / 3600
    token: TokenText = ""


class JoinParty(Request, frozen=True):
    """Arguments of ``party.join``."""

    code: CodeText
    member_name: NameText
    server: ServerText = ""
    timing_s: Annotated[float, Meta(ge=0, le=60, description="seconds from 0 to 60 to wait for the join's stages")] = 0


class Invite(Request, frozen=True):
    """Arguments of ``party.invite``."""

    expires_hours: Hours = DEFAULT_HOURS
    uses: UsesOrUsual = None
    spoken: Annotated[bool, Meta(description="true or false: with a short code to read out")] = False


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
        "Join a party by the invitation code, link or spoken code that its host gave you.",
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
        reads=True,
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
        reads=True,
    ),
)
_ROWS = (
    *_ALL,
    *GOVERNING,
    *OFFERS,
    *PATHS,
    *RELAYS,
    *EXPOSURE,
    *LAN_BRIDGE,
    *RUN,
    *PROBE,
    *MACHINE_ROOM,
    *GAMES,
    *DOCTOR,
    *DESKTOP,
    *QR,
    *WEB,
)
OPERATIONS: dict[str, Operation] = {row.name: row for row in _ROWS}
"""All operations by name."""


def asked_for(served: IMachineRoom, name: str, args: dict[str, Any]) -> tuple[Operation, msgspec.Struct]:
    """The operation of a name, and its checked request.

    :raises BadInput: an unknown operation or a wrong argument.
    :raises Refused: ``other_role``: a process of this role does no such thing.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        raise BadInput("op", f"{quote(name)} is not known here; known are: {', '.join(OPERATIONS)}")
    if served.role not in operation.roles:
        raise Refused("other_role", f"this process runs {served.role} only; {operation.name} is done by a node")
    return operation, convert_args(args, operation.request)


async def perform(
    served: IMachineRoom,
    name: str,
    args: dict[str, Any],
    progress: Progress | None = None,
    caller: Caller | None = None,
) -> dict[str, Any]:
    """Check the arguments and let the process carry the operation out.

    :param served: what it runs: an :class:`INode`, or what is there where a role runs alone.
    :param caller: who asks; ``None`` where that is nobody whom an operation could last for.
    :raises BadInput: an unknown operation or a wrong argument; nobody was asked.
    :raises Refused: ``other_role``: a process of this role does no such thing.
    :raises LanrageError: what was refused.
    """
    operation, request = asked_for(served, name, args)
    return await carry_out(served, operation, request, progress, caller)


async def carry_out(
    served: IMachineRoom,
    operation: Operation,
    request: msgspec.Struct,
    progress: Progress | None = None,
    caller: Caller | None = None,
) -> dict[str, Any]:
    """Let the process carry out what was checked by :func:`asked_for`; see :func:`perform`."""
    named: dict[str, Any] = {field: getattr(request, field) for field in request.__struct_fields__}
    if operation.long:
        named["progress"] = progress
    if operation.local and (caller is None or caller.by_web):
        raise Refused("not_allowed", f"{operation.name} is for programs of this machine alone, by the node's socket")
    if operation.held:
        if caller is None:
            raise BadInput("op", f"{operation.name} is for programs of this machine alone")
        named["caller"] = caller
    if operation.asked:
        named["caller"] = caller
    result: dict[str, Any] = await getattr(served, operation.method)(**named)
    return result


def _shown(field: msgspec.structs.FieldInfo) -> str:
    default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "empty" if default == "" else msgspec.json.encode(default).decode()


def _told(operation: Operation) -> str:
    everywhere = " Every role does it." if operation.roles == SERVING else ""
    return f"{operation.help}{everywhere}{' It may be watched.' if operation.reads else ''}"


def reference() -> str:
    """The table of operations as reST; ``docs/api.rst`` holds exactly this."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 15 45 40", ""]
    lines += ["   * - operation", "     - arguments", "     - result"]
    for operation in OPERATIONS.values():
        defaults = {field.name: field for field in msgspec.structs.fields(operation.request)}
        arguments = [
            f"``{name}``: {rule}" + ("" if defaults[name].required else f" (default {_shown(defaults[name])})")
            for name, rule in rules(operation.request).items()
        ]
        results = ", ".join(f"``{field}``" for field in operation.result.__struct_fields__)
        lines += [f"   * - ``{operation.name}``", "", f"       {_told(operation)}"]
        lines += [f"     - {' · '.join(arguments) or 'none'}", f"     - {results}"]
    return "\n".join(lines) + "\n"
