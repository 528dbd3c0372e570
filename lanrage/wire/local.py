"""Messages of a node's local API: JSON text over a WebSocket on a UNIX socket (``docs/api.rst``).

A client sends :class:`Call`; the node answers each with any number of ``progress`` texts and then one
``result`` or one ``error``, all with the call's id; a call that watches gets any number of ``event`` instead, until it
is ended by :data:`END_CALL`. What cannot be read is answered by an error too (id null where none was readable).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from lanrage.errors import BadInput, DecodeError, Refused

CALL_LIMIT = 64 * 1024
"""Bytes of one call: the largest, joining by a code, is under 2 KiB."""
ANSWER_LIMIT = 1024 * 1024
"""Bytes of one answer: a full party of 64 members with its diagnosis is under 100 KiB."""
RESULT_LIMIT = ANSWER_LIMIT - 64
"""Bytes of a result in it; the rest is for the call's number and the words around."""
SOCKET_PATH_LIMIT = 107
"""Bytes of a UNIX socket's path (``sun_path`` has 108 with its ending zero, unix(7))."""
QUOTE_LIMIT = 40
"""Characters of a foreign text that an error message repeats."""

CALL_BACKLOG = 16
"""Unanswered calls of one connection; a user has one or two."""
END_CALL = "call.end"
"""The operation that ends another call of the same connection: one that watches, or one that takes long."""

CallId = Annotated[int, Meta(ge=0, le=2**53, description="a whole number from 0 to 2^53")]


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One operation to carry out.

    :param id: chosen by the client, unique among its unanswered calls.
    :param op: the operation's name, for example ``party.show``.
    :param args: the operation's arguments by name.
    :param correlation_id: a word that the node's log lines of this call carry.
    :param watch: tell the result now and each time that it changed; of operations that only read.
    """

    id: CallId
    op: Annotated[str, Meta(min_length=1, max_length=64, description="a text of 1 to 64 characters")]
    args: Annotated[dict[str, Any], Meta(description="an object with the operation's arguments")] = {}
    correlation_id: Annotated[
        str, Meta(max_length=32, pattern=r"^[0-9a-zA-Z-]*\Z", description="at most 32 letters, digits and hyphens")
    ] = ""
    watch: Annotated[bool, Meta(description="true or false: tell the result each time that it changed")] = False


class EndCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of :data:`END_CALL`.

    :param id: the call to end.
    """

    id: CallId


class Ended(msgspec.Struct, frozen=True):
    """Result of :data:`END_CALL`.

    :param ended: whether there was such a call to end.
    """

    ended: bool


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an operation was not carried out.

    :param code: a stable word (``docs/api.rst``).
    :param message: one sentence for the user.
    :param field: which argument broke a rule, where it was one.
    """

    code: str
    message: str
    field: str | None = None


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the node sends: exactly one of result, error, progress and event is set.

    :param id: the call's; ``None`` when the call was so damaged that it had none.
    :param event: what a watched operation's result is now; more of them follow.
    """

    id: int | None
    result: Any | UnsetType = UNSET
    error: ErrorBody | UnsetType = UNSET
    progress: str | UnsetType = UNSET
    event: Any | UnsetType = UNSET


class BadCall(BadInput):
    """A call that breaks the protocol's rules.

    :param call_id: its id, where one was readable.
    """

    def __init__(self, call_id: int | None, field: str, rule: str) -> None:
        super().__init__(field, rule)
        self.call_id = call_id


T = TypeVar("T", bound=msgspec.Struct)


def quote(text: str) -> str:
    """A foreign text as part of a message: short, and without anything that a terminal obeys."""
    return ascii(text if len(text) <= QUOTE_LIMIT else text[: QUOTE_LIMIT - 3] + "...")


def rules(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The rule of each field of a message, as its type's description says it."""
    found = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        notes = [note.description for note in getattr(hint, "__metadata__", ()) if isinstance(note, Meta)]
        found[name] = next((note for note in reversed(notes) if note), "")
    return found


_AT = re.compile(r" - at `\$\.?(\w*)[^`]*`$")
_MISSING = re.compile(r"missing required field `(\w+)`")
_UNKNOWN = re.compile(r"unknown field `(.*)`", re.DOTALL)


def _explain(error: msgspec.ValidationError, kind: type[msgspec.Struct], whole: str) -> tuple[str, str]:
    """The field and the rule that a value broke; `whole` names the value itself."""
    text = str(error)
    known = rules(kind)
    at, missing, unknown = _AT.search(text), _MISSING.search(text), _UNKNOWN.search(text)
    if at is not None and at.group(1) in known:
        return at.group(1), f"must be {known[at.group(1)]}" if known[at.group(1)] else text[: at.start()]
    if missing is not None:
        return missing.group(1), f"is required: {known.get(missing.group(1)) or 'see the documentation'}"
    if unknown is not None:
        names = ", ".join(sorted(known)) or "none"
        return whole, f"{quote(unknown.group(1))} is not known here; known are: {names}"
    return whole, "must be an object"


def convert_args(args: dict[str, Any], kind: type[T]) -> T:
    """The arguments as an operation's request.

    :raises BadInput: names the argument and the rule.
    """
    try:
        return msgspec.convert(args, kind)
    except msgspec.ValidationError as error:
        raise BadInput(*_explain(error, kind, "args")) from error


def decode_call(data: bytes) -> Call:
    """Read a call.

    :raises BadCall: names the field and the rule.
    """
    if len(data) > CALL_LIMIT:
        raise BadCall(None, "message", f"must be at most {CALL_LIMIT} bytes")
    try:
        value = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadCall(None, "message", "must be JSON text") from error
    if not isinstance(value, dict):
        raise BadCall(None, "message", "must be an object with id, op and args")
    call_id = value.get("id")
    if not isinstance(call_id, int) or isinstance(call_id, bool) or not 0 <= call_id <= 2**53:
        call_id = None
    try:
        return msgspec.convert(value, Call)
    except msgspec.ValidationError as error:
        raise BadCall(call_id, *_explain(error, Call, "message")) from error


def encode(message: Call | Answer) -> bytes:
    """One message as JSON."""
    return msgspec.json.encode(message)


def encode_result(op: str, result: Any) -> msgspec.Raw:
    """What an operation gave back, as JSON to be put into any answer.

    :raises Refused: ``answer_too_large``: no client would take the answer.
    """
    body = msgspec.json.encode(result)
    if len(body) > RESULT_LIMIT:
        rule = f"its answer has {len(body)} bytes, over the limit of {RESULT_LIMIT}: ask for less"
        raise Refused("answer_too_large", f"{op} was carried out, but {rule}")
    return msgspec.Raw(body)


def decode_answer(data: bytes) -> Answer:
    """Read an answer.

    :raises DecodeError: when it is none.
    """
    try:
        answer = msgspec.json.decode(data, type=Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError("the node's answer is not of this version's local API") from error
    if sum(part is not UNSET for part in (answer.result, answer.error, answer.progress, answer.event)) != 1:
        raise DecodeError("the node's answer holds neither one result nor one error")
    return answer


def check_socket_path(path: str) -> str:
    """Return a path that fits a UNIX socket address.

    :raises BadInput: field ``socket``.
    """
    if not 1 <= len(path.encode("utf-8", "surrogateescape")) <= SOCKET_PATH_LIMIT or "\0" in path:
        raise BadInput("socket", f"the path of a UNIX socket has 1 to {SOCKET_PATH_LIMIT} bytes: {quote(path)}")
    return path
