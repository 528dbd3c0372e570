"""The arguments of an operation out of an address's query: each by its type (``docs/web-api.rst``)."""

from __future__ import annotations

from typing import Any, get_type_hints
from urllib.parse import parse_qsl

import msgspec

from lanrage.errors import BadInput
from lanrage.wire.local import quote, rules

ARGUMENTS_LIMIT = 32
"""Arguments of one query; operations that only read have ten at most."""


def arguments_of(query: str, request: type[msgspec.Struct]) -> dict[str, Any]:
    """Read a query.

    Texts are taken as they are, numbers and truth values by their words, ``null`` where it is allowed, anything else as
    JSON. What the operation does not know is left for it to refuse.

    :param query: as in the address, without its question mark.
    :raises BadInput: names the argument and the rule; field ``query``: it is none.
    """
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), errors="strict", max_num_fields=ARGUMENTS_LIMIT
        )
    except ValueError as error:
        raise BadInput("query", "must be NAME=VALUE pairs with & between, in UTF-8, percent-encoded") from error
    hints, known = get_type_hints(request, include_extras=True), rules(request)
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name in found:
            raise BadInput(name if name in hints else "query", f"{quote(name)} is given twice")
        found[name] = _value(text, hints[name], name, known[name]) if name in hints else text
    return found


def _value(text: str, kind: Any, name: str, rule: str) -> Any:
    """A text as a value of an argument's type, in JSON's own."""
    for read in (_lenient, _from_json):
        try:
            return msgspec.to_builtins(read(text, kind))
        except msgspec.MsgspecError:
            continue
    raise BadInput(name, f"must be {rule or 'of its type'}")


def _lenient(text: str, kind: Any) -> Any:
    return msgspec.convert(text, kind, strict=False)


def _from_json(text: str, kind: Any) -> Any:
    return msgspec.json.decode(text, type=kind)
