"""The page's files: what there is is known when the process starts; no address that is asked for names a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

import attrs

from lanrage.wire.web import Asked, Reply, refusal

KINDS: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""By how a name ends; a file that ends otherwise is not served."""
PLOTLY = "/vendor/plotly.min.js"
"""The plots' library, where its package is installed."""
DEPTH = 4
"""Folders in folders that are looked into."""


@attrs.define(slots=False, eq=False)
class WebFile:
    """One file; read when it is first asked for, and kept.

    :param kind: its media type.
    """

    kind: str
    _source: Traversable

    @cached_property
    def body(self) -> bytes:
        """All of it."""
        return self._source.read_bytes()

    @cached_property
    def tag(self) -> str:
        """By which a browser knows whether it has this very file."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


def list_files(folder: Traversable | None = None) -> dict[str, WebFile]:
    """All files by the path that they are asked for by.

    :param folder: of the page; by default the one that comes with this program.
    """
    root = folder if folder is not None else files("lanrage") / "data" / "web"
    found = dict(_below(root, "/", DEPTH)) if root.is_dir() else {}
    if "/index.html" in found:
        found["/"] = found["/index.html"]
    plotly = _plotly()
    if plotly is not None:
        found[PLOTLY] = WebFile(KINDS[".js"], plotly)
    return found


def _below(folder: Traversable, at: str, depth: int) -> Iterator[tuple[str, WebFile]]:
    for each in folder.iterdir():
        _, dot, end = each.name.rpartition(".")
        if each.is_file() and dot + end in KINDS:
            yield at + each.name, WebFile(KINDS[dot + end], each)
        elif each.is_dir() and depth:
            yield from _below(each, f"{at}{each.name}/", depth - 1)


def _plotly() -> Path | None:
    """Its JavaScript, found without running any of its Python."""
    spec = find_spec("plotly")
    path = Path(spec.origin).parent / "package_data" / "plotly.min.js" if spec is not None and spec.origin else None
    return path if path is not None and path.is_file() else None


def answer_file(found: Mapping[str, WebFile], asked: Asked) -> Reply:
    """Answer what is not of the API: browsers keep files, and ask each time whether they are still the same."""
    file = found.get(asked.path)
    if file is None:
        return refusal("not_found")
    if asked.method not in ("GET", "HEAD"):
        return attrs.evolve(refusal("wrong_method"), headers={"Allow": "GET, HEAD", "Cache-Control": "no-store"})
    headers = {"Cache-Control": "no-cache", "ETag": file.tag}
    if file.tag in (each.strip() for value in asked.all("if-none-match") for each in value.split(",")):
        return Reply(304, headers=headers)
    return Reply(200, file.kind, file.body, headers)
