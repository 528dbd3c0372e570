"""One value of every message type, always the same: each field at or near the least that its type takes."""

from __future__ import annotations

import enum
from typing import Any

import msgspec
from msgspec import inspect as types

PATTERNS = {
    r"^[0-9a-f]{32}\Z": "0123456789abcdef" * 2,
    r"^[0-9a-f]{1,16}\Z": "5eed",
    r"^[0-9a-f]{0,16}\Z": "5eed",
}
"""A text for each pattern that is no plain word."""


def sample(kind: type[msgspec.Struct], full: bool) -> Any:
    """A message of this kind.

    :param full: fields that may be left out are there, too.
    """
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    fields = [field for field in info.fields if full or field.required]
    return kind(**{field.name: _value(field.type, number) for number, field in enumerate(fields, 1)})


def _value(kind: types.Type, number: int) -> Any:  # pylint: disable=too-many-return-statements  # one line a type
    """A field's value; `number` makes neighbours differ."""
    match kind:
        case types.Metadata():
            return _value(kind.type, number)
        case types.StructType():
            return sample(kind.cls, full=True)
        case types.UnionType():
            return _value(next(part for part in kind.types if not isinstance(part, types.NoneType)), number)
        case types.BytesType():
            return bytes([number]) * max(1, kind.min_length or 0)
        case types.StrType():
            return PATTERNS.get(kind.pattern or "", "word")[: kind.max_length]
        case types.IntType():
            least = kind.ge if kind.ge is not None else (kind.gt + 1 if kind.gt is not None else 0)
            most = kind.le if kind.le is not None else (kind.lt - 1 if kind.lt is not None else 2**53)
            return min(most, least + number)
        case types.FloatType():
            return min(number / 2, kind.le) if kind.le is not None else number / 2
        case types.BoolType():
            return True
        case types.VarTupleType():
            return (_value(kind.item_type, number),) * max(1, kind.min_length or 0)
        case types.TupleType():
            return tuple(_value(part, number) for part in kind.item_types)
        case types.EnumType():
            return list[enum.Enum](kind.cls)[-1]
        case types.LiteralType():
            return kind.values[0]
        case _:
            raise NotImplementedError(f"a sample of {kind}")
