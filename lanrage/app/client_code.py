"""Writes the client's methods from the table of operations (``make messages``, :mod:`lanrage.client`)."""

from __future__ import annotations

import json
import keyword
import textwrap
from collections.abc import Iterable, Sequence
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import msgspec

from lanrage.app.operation import Operation

WIDTH = 120
"""Columns of a line of code."""
HEAD = "Made by docs/tables.py from the table of operations; do not edit it."
ROOT = "node"
"""Of operations without a group."""


@attrs.frozen
class Argument:
    """One argument of a method.

    :param kind: its type, as code.
    :param default: as code; ``None`` where it must be given.
    :param passed: what the operation gets, as code.
    """

    name: str
    kind: str
    default: str | None
    passed: str

    @property
    def code(self) -> str:
        """As it stands in a method's head."""
        return f"{self.name}: {self.kind}" + (f" = {self.default}" if self.default is not None else "")


def files(operations: Iterable[Operation]) -> dict[str, str]:
    """The modules with the methods of all operations: file name to text."""
    groups: dict[str, list[Operation]] = {ROOT: []}
    for row in operations:
        groups.setdefault(row.name.partition(".")[0] if "." in row.name else ROOT, []).append(row)
    own = [group for group in groups if group != ROOT]
    watching = [group for group in own if any(row.reads for row in groups[group])]
    made = {f"calls_{group}.py": _module(group, groups[group], [], []) for group in own}
    return {**made, f"calls_{ROOT}.py": _module(ROOT, groups[ROOT], own, watching)}


def _module(group: str, rows: Sequence[Operation], groups: Sequence[str], watching: Sequence[str]) -> str:
    watched = [row for row in rows if row.reads]
    calls = _class(group, "Calls", rows, groups)
    watches = _class(group, "Watch", watched, watching) if watched or watching else []
    lines = [f'"""{_named(group)}', "", HEAD, '"""', "", "# One method takes as many arguments as its operation has."]
    lines += ["# pylint: disable=too-many-arguments", "", "from __future__ import annotations", ""]
    body = ["", "", *calls, *(["", "", *watches] if watches else [])]
    return "\n".join([*lines, *_imports(rows, groups, watching, "\n".join(body)), *body]) + "\n"


def _named(group: str) -> str:
    return "The operations of a node." if group == ROOT else f"The operations ``{group}.*``."


def _imports(rows: Sequence[Operation], groups: Sequence[str], watching: Sequence[str], body: str) -> list[str]:
    wanted: dict[str, set[str]] = {"lanrage.client.asking": {"Asker"}}
    for row in rows:
        wanted.setdefault(row.result.__module__, set()).add(row.result.__name__)
        for kind in get_type_hints(row.request).values():
            for inner in (kind, *get_args(kind)):
                if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                    wanted.setdefault(inner.__module__, set()).add(inner.__name__)
    if "Progress" in body:
        wanted.setdefault("lanrage.app.operations", set()).add("Progress")
    for group in groups:
        kinds = ("Calls", "Watch") if group in watching else ("Calls",)
        wanted[f"lanrage.client.calls_{group}"] = {_class_name(group, kind) for kind in kinds}
    abstract = [name for name in ("AsyncGenerator", "Mapping", "Sequence") if f"{name}[" in body]
    first = [f"from collections.abc import {', '.join(abstract)}", ""] if abstract else []
    return [*first, *(line for module in sorted(wanted) for line in _import(module, wanted[module]))]


def _import(module: str, names: Iterable[str]) -> list[str]:
    ordered = sorted(names, key=str.lower)
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in ordered), ")"]


def _class_name(group: str, what: str) -> str:
    return f"{''.join(word.capitalize() for word in group.split('_'))}{what}"


def _class(group: str, what: str, rows: Sequence[Operation], groups: Sequence[str]) -> list[str]:
    about = _named(group) if what == "Calls" else f"{_named(group)[:-1]}, watched: what is so now, and each change."
    lines = [f"class {_class_name(group, what)}:", f'    """{about}"""', ""]
    lines += ["    def __init__(self, asker: Asker) -> None:", "        self._asker = asker"]
    lines += [f"        self.{each} = {_class_name(each, what)}(asker)" for each in groups]
    if group == ROOT and what == "Calls":
        lines.append(f"        self.watch = {_class_name(group, 'Watch')}(asker)")
    for row in rows:
        lines += ["", *(_call(row, groups) if what == "Calls" else _watch(row, groups))]
    return lines


def _method_name(row: Operation, groups: Sequence[str]) -> str:
    name = (row.name.partition(".")[2] or row.name).replace(".", "_")
    if name in groups:  # the operation of a name, and a group of it
        return "__call__"
    return f"{name}_" if keyword.iskeyword(name) else name


def _call(row: Operation, groups: Sequence[str]) -> list[str]:
    arguments = _arguments(row)
    more = []
    if row.long:
        more.append(Argument("progress", "Progress | None", "None", "progress"))
    if row.held:
        more.append(Argument("descriptor", "int | None", "None", "descriptor"))
    lines = _head(f"async def {_method_name(row, groups)}", [*arguments, *more], row.result.__name__)
    extra = "".join(f", {each.name}={each.passed}" for each in more)
    return [*lines, *_doc(row.help), *_body(row, arguments, "return await self._asker.ask", extra)]


def _watch(row: Operation, groups: Sequence[str]) -> list[str]:
    arguments = _arguments(row)
    result = f"AsyncGenerator[{row.result.__name__}, None]"
    lines = _head(f"def {_method_name(row, groups)}", arguments, result)
    return [*lines, *_doc(row.help), *_body(row, arguments, "return self._asker.follow", "")]


def _head(begin: str, arguments: Sequence[Argument], result: str) -> list[str]:
    """A method's first lines, broken as ruff breaks them."""
    words = ["self", *(["*"] if arguments else []), *(each.code for each in arguments)]
    one = f"    {begin}({', '.join(words)}) -> {result}:"
    if len(one) <= WIDTH:
        return [one]
    middle = f"        {', '.join(words)}"
    inner = [middle] if len(middle) <= WIDTH else [f"        {word}," for word in words]
    return [f"    {begin}(", *inner, f"    ) -> {result}:"]


def _doc(text: str) -> list[str]:
    first, *rest = textwrap.wrap(text, WIDTH - 14)
    lines = [f'        """{first}', *(f"        {line}" for line in rest)]
    if rest:
        return [*lines, '        """']
    return [f'{lines[0]}"""']


def _body(row: Operation, arguments: Sequence[Argument], ask: str, extra: str) -> list[str]:
    name, kind = json.dumps(row.name), row.result.__name__
    if not arguments:
        return [f"        {ask}({name}, {{}}, {kind}{extra})"]
    pairs = [f"{json.dumps(each.name)}: {each.passed}" for each in arguments]
    one = f"        args = {{{', '.join(pairs)}}}"
    many = ["        args = {", *(f"            {pair}," for pair in pairs), "        }"]
    lines = [one] if len(one) <= WIDTH else many
    return [*lines, f"        {ask}({name}, args, {kind}{extra})"]


def _arguments(row: Operation) -> list[Argument]:
    hints = get_type_hints(row.request)
    made = [_argument(field, hints[field.name]) for field in msgspec.structs.fields(row.request)]
    return sorted(made, key=lambda each: each.default is not None)


def _argument(field: msgspec.structs.FieldInfo, hint: Any) -> Argument:
    name, kind = field.name, _kind(hint)
    default = None
    if not field.required:
        value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        default = json.dumps(value) if isinstance(value, str) else "()" if value == [] else repr(value)
    origin = get_origin(hint)
    passed = f"{origin.__name__}({name})" if origin in (list, dict) else name
    return Argument(name, kind, default, passed)


def _kind(hint: Any) -> str:
    """A type as code; lists and objects may be any that can be read."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is list:
        return f"Sequence[{_kind(inner[0])}]"
    if origin is dict:
        return f"Mapping[{_kind(inner[0])}, {_kind(inner[1])}]"
    if inner:
        return " | ".join(map(_kind, inner))
    return "None" if hint is NoneType else str(hint.__name__)
