"""The table of the control channel's messages as reST, made from their types; ``docs/protocol-control.rst`` holds it.

``make messages`` writes it there.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import get_args

import msgspec
from msgspec import inspect as types

from lanrage.wire.control import Accepted, Notice, NoticeBody, Reply, ReplyBody, Request, RequestBody
from lanrage.wire.control_opening import Confirm, Denied, Hello, Login, Welcome
from lanrage.wire.control_party import Change
from lanrage.wire.control_types import ID_PATTERN

Kind = type[msgspec.Struct]

_GROUPS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("in clear, client to server", (Hello,)),
    ("in clear, server to client", (Welcome, Denied)),
    ("sealed, login, client to server", (Login, Confirm)),
    ("sealed, login, server to client", (Accepted,)),
    ("a sealed record", (Request, Reply, Notice)),
    ("body of ``q``: a request", get_args(RequestBody)),
    ("body of ``a``: an answer", get_args(ReplyBody)),
    ("body of ``n``: a notice", get_args(NoticeBody)),
    ("what a delta changed", get_args(Change)),
)


def reference() -> str:
    """Each message with its fields and their limits, in the order in which a connection meets them."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 14 46 40", ""]
    lines += ["   * - message", "     - fields", "     - what it is"]
    for title, kinds in _GROUPS:
        lines += [f"   * - **{title}**", "     -", "     -"]
        for kind in kinds:
            lines += [f"   * - ``{tag(kind)}``", f"     - {_fields(kind)}", f"     - {_sentence(kind)}"]
    return "\n".join(lines) + "\n"


def tag(kind: Kind) -> str:
    """A message's name on the wire."""
    found = types.type_info(kind)
    assert isinstance(found, types.StructType)
    return str(found.tag)


def messages() -> Iterator[Kind]:
    """Each kind once."""
    seen: set[Kind] = set()
    for _, kinds in _GROUPS:
        for kind in kinds:
            if kind not in seen:
                seen.add(kind)
                yield kind


def _sentence(kind: Kind) -> str:
    """The first sentence of its docstring, other messages by their names on the wire."""
    names = {other.__name__: tag(other) for other in messages()}
    text = " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())
    text = re.sub(r":class:`(?:[~.\w]*\.)?(\w+)`", lambda match: f"``{names.get(match[1], match[1])}``", text)
    return re.sub(r":data:`([.\w]+)`", r"``\1``", text)


def _fields(kind: Kind) -> str:
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    return (
        " · ".join(f"``{field.encode_name}`` {_shown(field.type)}{_default(field)}" for field in info.fields) or "none"
    )


def _default(field: types.Field) -> str:
    return "" if field.required else ", may be left out"


def _shown(kind: types.Type) -> str:  # pylint: disable=too-many-return-statements  # one line a type
    """A type with its limits in words."""
    match kind:
        case types.BytesType():
            return f"{_between(kind.min_length, kind.max_length)} bytes"
        case types.StrType() if kind.pattern == ID_PATTERN:
            return "32 hexadecimal digits"
        case types.StrType():
            return f"text of {_between(kind.min_length, kind.max_length)} characters" if kind.max_length else "text"
        case types.IntType():
            return _range(kind)
        case types.FloatType():
            return "number with a fraction"
        case types.BoolType():
            return "yes or no"
        case types.NoneType():
            return "nothing"
        case types.VarTupleType():
            return f"{_between(kind.min_length, kind.max_length)} of: {_shown(kind.item_type)}"
        case types.UnionType():
            if all(isinstance(part, types.StructType) for part in kind.types):
                return "one of those below" if len(kind.types) > 2 else _either(kind)
            return _either(kind)
        case types.StructType():
            return f"``{kind.tag}``" if kind.tag else f"({_fields(kind.cls)})"
        case types.Metadata():
            return _shown(kind.type)
        case _:
            return type(kind).__name__.removesuffix("Type").lower()


def _either(kind: types.UnionType) -> str:
    return " or ".join(_shown(part) for part in kind.types)


def _range(kind: types.IntType) -> str:
    """A whole number's bounds."""
    least = kind.ge if kind.ge is not None or kind.gt is None else kind.gt + 1
    most = kind.le if kind.le is not None or kind.lt is None else kind.lt - 1
    return "number" if least is None else f"number {least} to {_power(most)}"


def _between(least: int | None, most: int | None) -> str:
    if least == most:
        return str(most)
    return f"{least or 0} to {most}" if most is not None else f"at least {least or 0}"


def _power(number: int | None) -> str:
    return "2^53" if number == 2**53 else str(number)
