"""The page's sources as text, and the calls of operations in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

WEB = Path(__file__).resolve().parent.parent.parent / "lanrage" / "data" / "web"

_CALL = re.compile(r"\.(call|watch)\(\s*")
_NAME = re.compile(r'"([a-z_.]+)"')
_KEY = re.compile(r"\s*([a-z_]\w*)\s*(?=[:,}]|$)", re.ASCII)
_PAIRS = {"{": "}", "(": ")", "[": "]"}


def files(*ends: str) -> list[Path]:
    """All of the page's files that end so."""
    return sorted(path for path in WEB.rglob("*") if path.is_file() and (not ends or path.suffix in ends))


def without_comments(text: str) -> str:
    """JavaScript without its comments, line for line."""
    blank = re.sub(r"/\*.*?\*/", lambda found: "\n" * found.group().count("\n"), text, flags=re.DOTALL)
    return re.sub(r"(?m)(^|\s)//.*$", "", blank)


@attrs.frozen
class Asked:
    """A call of an operation.

    :param op: ``None`` where its name is not written there.
    :param args: names of its arguments; ``None`` where they are not written there.
    """

    where: str
    watched: bool
    op: str | None
    args: tuple[str, ...] | None


def asked(path: Path) -> Iterator[Asked]:
    """All calls of a module."""
    text = without_comments(path.read_text(encoding="utf-8"))
    for found in _CALL.finditer(text):
        where = f"{path.name}:{text.count(chr(10), 0, found.start()) + 1}"
        name = _NAME.match(text, found.end())
        if name is None:
            yield Asked(where, found[1] == "watch", None, None)
            continue
        rest = text[name.end() :].lstrip(", \n")
        yield Asked(where, found[1] == "watch", name[1], tuple(_keys(rest)) if rest.startswith("{") else None)


def _keys(text: str) -> Iterator[str]:
    """The keys of the object that a text begins with."""
    depth, at = 0, 0
    starts = True
    while at < len(text):
        sign = text[at]
        if sign in _PAIRS:
            depth += 1
            starts = depth == 1
        elif sign in _PAIRS.values():
            depth -= 1
            if depth == 0:
                return
        elif sign == "," and depth == 1:
            starts = True
        elif starts and depth == 1:
            key = _KEY.match(text, at)
            starts = False
            if key is not None:
                yield key[1]
        at += 1
