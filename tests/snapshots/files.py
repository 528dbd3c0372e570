"""A snapshot's file: which line of NEWS.rst tells of its last change, a digest over both, then the text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import attrs

FOLDER = Path(__file__).parent
NEWS = FOLDER.parent.parent / "NEWS.rst"
NEWS_WORD, DIGEST_WORD = "# NEWS: ", "# digest: "
ADVICE = (
    'what others build upon has changed: write a line in NEWS.rst, then make snapshots NEWS="a part of that line, word'
    ' for word" (docs/compatibility.rst)'
)


@attrs.frozen
class Snapshot:
    """What a file holds.

    :param news: words of NEWS.rst that tell of the last change.
    :param digest: of news and text, so that neither is changed by hand alone.
    :param text: the lines.
    """

    news: str
    digest: str
    text: str

    @property
    def whole(self) -> bool:
        """The digest is that of the rest."""
        return self.digest == digest(self.news, self.text)


def digest(news: str, text: str) -> str:
    """Sixteen hexadecimal digits."""
    return hashlib.sha256(f"{news}\n{text}".encode()).hexdigest()[:16]


def joined(lines: Iterable[str]) -> str:
    """Lines as a file has them."""
    return "".join(f"{line}\n" for line in lines)


def read(path: Path) -> Snapshot | None:
    """The file's content; ``None`` where there is none."""
    if not path.exists():
        return None
    news, code, *lines = path.read_text(encoding="utf-8").splitlines()
    return Snapshot(news.removeprefix(NEWS_WORD), code.removeprefix(DIGEST_WORD), joined(lines))


def told(news: str, page: str) -> bool:
    """Whether NEWS.rst has these words; line breaks count as blanks."""
    return bool(news.strip()) and " ".join(news.split()) in " ".join(page.split())


def update(path: Path, text: str, news: str, page: str) -> bool:
    """Write the file where its text changed; whether that was so.

    :param page: the text of NEWS.rst.
    :raises SystemExit: no news were given, those of an earlier change, or words that NEWS.rst has not.
    """
    before = read(path)
    if before is not None and before.whole and before.text == text:
        return False
    news = " ".join(news.split())
    if not told(news, page) or (before is not None and news == before.news):
        raise SystemExit(f"{path.name}: {ADVICE}")
    path.write_text(f"{NEWS_WORD}{news}\n{DIGEST_WORD}{digest(news, text)}\n{text}", encoding="utf-8")
    return True
