"""Messages of any kind, drawn from their types with the limits in them."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as types

FEW = 4
"""Items of a long tuple, and bytes of a long string beyond the least: what is long is tried where its limit is."""


@cache
def drawn(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Messages of this kind."""
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    return st.builds(kind, **{field.name: _value(field.type) for field in info.fields})


def _value(kind: types.Type) -> st.SearchStrategy[Any]:  # pylint: disable=too-many-return-statements  # one line a type
    """Values of a field."""
    match kind:
        case types.Metadata():
            return _value(kind.type)
        case types.StructType():
            return drawn(kind.cls)
        case types.UnionType():
            return st.one_of([_value(part) for part in kind.types])
        case types.BytesType():
            return st.binary(min_size=kind.min_length or 0, max_size=_few(kind.min_length, kind.max_length))
        case types.StrType() if kind.pattern:
            return st.from_regex(kind.pattern).filter(lambda text: _fits(len(text), kind.min_length, kind.max_length))
        case types.StrType():
            return st.text(min_size=kind.min_length or 0, max_size=_few(kind.min_length, kind.max_length))
        case types.IntType():
            least = kind.ge if kind.ge is not None else kind.gt + 1 if kind.gt is not None else -(2**63)
            most = kind.le if kind.le is not None else kind.lt - 1 if kind.lt is not None else 2**63
            return st.integers(least, most)
        case types.FloatType():
            top = 2.0**40 if kind.le is None else min(2.0**40, float(kind.le))
            return st.floats(kind.gt or kind.ge or 0.0, top, exclude_min=kind.gt is not None)
        case types.BoolType():
            return st.booleans()
        case types.NoneType():
            return st.none()
        case types.TupleType():
            return st.tuples(*[_value(part) for part in kind.item_types])
        case types.VarTupleType():
            return st.lists(
                _value(kind.item_type), min_size=kind.min_length or 0, max_size=_few(kind.min_length, kind.max_length)
            ).map(tuple)
        case _:
            raise NotImplementedError(f"draw {kind}")


def _few(least: int | None, most: int | None) -> int:
    few = (least or 0) + FEW
    return few if most is None else min(most, few)


def _fits(length: int, least: int | None, most: int | None) -> bool:
    return (least or 0) <= length and (most is None or length <= most)
