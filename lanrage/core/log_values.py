"""Any value as one that fits into a log line: plain, of bounded size, whatever it is (``docs/logging.rst``)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from enum import Enum
from itertools import islice

from lanrage.core.redaction import REDACTED, SECRET_FIELDS, Redactor

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
"""What JSON can say."""

TEXT_LIMIT = 1000
"""Characters of one text; an exception's sentence and a command line fit."""
TRACEBACK_LIMIT = 8000
"""Characters of a traceback: the first and the last frames tell most."""
ITEM_LIMIT = 32
"""Items of a list or an object; a party of 64 is told by its number."""
DEPTH_LIMIT = 3
"""Lists within lists; deeper ones are told by their text."""
SEARCHED = 32
"""Times as long as what is shown may a text be that is searched for secrets as a whole, in some 15 ms; of a longer one
the beginning alone is shown, since nobody looked where a secret begins whose end is at the text's."""
EDGE = 1024
"""Characters at the end of what was searched of a longer text, where a secret may be cut, that are not shown."""
BYTES_LIMIT = 31
"""Bytes shown in hexadecimal: ids are 16; 32 and more may be a key or a packet, and only their number is told."""
WHOLE_LIMIT = 2**53
"""Whole numbers beyond are text, since readers of JSON would round them (RFC 8259, section 6)."""

_SCALARS = (bool, int, float)


def bounded(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text, or its beginning and end with the number of characters left out; always what UTF-8 can encode."""
    if len(text) > limit:
        half = limit // 2
        text = f"{text[:half]}... {len(text) - 2 * half} characters left out ...{text[-half:]}"
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def clean(text: str, redactor: Redactor, public: frozenset[str] = frozenset(), limit: int = TEXT_LIMIT) -> str:
    """The text without secrets, bounded: it is cut after the search, so that no secret stands at the cut by half."""
    most = SEARCHED * limit
    if len(text) <= most:
        return bounded(redactor.text(text, public), limit)
    shown = redactor.text(text[:most], public)[:-EDGE]
    return f"{bounded(shown[:limit], limit)}... the beginning of {len(text)} characters"


def text_of(value: object) -> str:
    """An object's own text; one that cannot be had is told by the type alone."""
    try:
        return str(value)
    except Exception:  # anything may be logged, and its __str__ may do anything  # pylint: disable=broad-exception-caught
        return f"<{type(value).__name__} without a text>"


def plain(value: object, redactor: Redactor, field: str = "", public: frozenset[str] = frozenset()) -> Plain:
    """A value as JSON can say it, without secrets.

    :param field: its name; a secret's name hides it.
    :param public: texts of the form of a key that may be shown.
    """
    if field in SECRET_FIELDS:
        return REDACTED
    try:
        return _plain(value, redactor, public, DEPTH_LIMIT)
    except Exception:  # a mapping whose items() fails, say  # pylint: disable=broad-exception-caught
        return f"<{type(value).__name__} that cannot be shown>"


def _plain(value: object, redactor: Redactor, public: frozenset[str], depth: int) -> Plain:
    if value is None or type(value) in _SCALARS:
        return _number(value)  # type: ignore[arg-type]
    if isinstance(value, str):
        return clean(str.__str__(value), redactor, public)
    if isinstance(value, bytes | bytearray | memoryview):
        return _hexadecimal(bytes(value), public)
    if isinstance(value, Enum):
        return _plain(value.value, redactor, public, depth)
    if depth > 0 and isinstance(value, Mapping):
        return _object(value, redactor, public, depth)
    if depth > 0 and isinstance(value, list | tuple | Set):
        items = value if not isinstance(value, Set) else sorted(value, key=text_of)
        return [_plain(item, redactor, public, depth - 1) for item in islice(items, ITEM_LIMIT)] + _rest(len(items))
    return clean(text_of(value), redactor, public)


def _object(value: Mapping[object, object], redactor: Redactor, public: frozenset[str], depth: int) -> Plain:
    found: dict[str, Plain] = {}
    for key, item in islice(value.items(), ITEM_LIMIT):
        name = bounded(redactor.text(text_of(key), public), 100)
        found[name] = REDACTED if name in SECRET_FIELDS else _plain(item, redactor, public, depth - 1)
    if len(value) > ITEM_LIMIT:
        found["..."] = f"{len(value) - ITEM_LIMIT} more"
    return found


def _rest(size: int) -> list[Plain]:
    return [f"... {size - ITEM_LIMIT} more"] if size > ITEM_LIMIT else []


def _number(value: bool | int | float | None) -> Plain:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > WHOLE_LIMIT:
        return str(value) if value.bit_length() < 256 else f"<a number of {value.bit_length()} bits>"
    return value


def _hexadecimal(value: bytes, public: frozenset[str]) -> str:
    if len(value) <= BYTES_LIMIT or (len(value) == BYTES_LIMIT + 1 and value.hex() in public):
        return value.hex()
    return f"<{len(value)} bytes>"
