"""Types as text: what a program that reads ``--json`` must know."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import inspect as types


def struct_lines(kind: type[msgspec.Struct], indent: str) -> Iterator[str]:
    """The fields of a message, one a line, those of messages within below it."""
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    for field in info.fields:
        yield f"{indent}{field.encode_name}: {shape(field.type)}{'' if field.required else ' = ...'}"
        for inner in inner_structs(field.type):
            yield from struct_lines(inner, f"{indent}  ")


def inner_structs(kind: types.Type) -> Iterator[type[msgspec.Struct]]:
    """The messages that a type is made of, without their own."""
    match kind:
        case types.Metadata():
            yield from inner_structs(kind.type)
        case types.StructType():
            yield kind.cls
        case types.UnionType():
            for part in kind.types:
                yield from inner_structs(part)
        case types.ListType() | types.VarTupleType():
            yield from inner_structs(kind.item_type)
        case types.TupleType():
            for part in kind.item_types:
                yield from inner_structs(part)
        case types.DictType():
            yield from inner_structs(kind.value_type)


def shape(kind: types.Type) -> str:  # pylint: disable=too-many-return-statements  # one line a type
    """A type in JSON's words."""
    match kind:
        case types.Metadata():
            return shape(kind.type)
        case types.StructType():
            return "object"
        case types.UnionType():
            return " or ".join(dict.fromkeys(map(shape, kind.types)))
        case types.ListType() | types.VarTupleType():
            return f"list of {shape(kind.item_type)}"
        case types.TupleType():
            return f"[{', '.join(map(shape, kind.item_types))}]"
        case types.DictType():
            return f"object by {shape(kind.key_type)} of {shape(kind.value_type)}"
        case types.LiteralType():
            return " | ".join(map(repr, kind.values))
        case types.EnumType():
            return " | ".join(repr(each.value) for each in kind.cls)
        case types.NoneType():
            return "null"
        case _:
            words = {"str": "text", "int": "number", "float": "number", "bytes": "base64 text"}
            name = type(kind).__name__.removesuffix("Type").lower()
            return words.get(name, name)
