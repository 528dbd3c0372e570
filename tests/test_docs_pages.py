"""The pages as a whole: each is listed once, its pictures are there, and none is left over."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from lanrage.lab.web import LOOKS, REST

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
PNG = b"\x89PNG\r\n\x1a\n"
LARGEST = 60_000
"""Bytes of a picture: whoever clones the repository gets each version of them."""
MOST = 12
"""Pictures in all."""
SHOWN = re.compile(r"^ *\.\. (?:figure|image):: (?:docs/)?pictures/(\S+)\n((?: +.*\n)*)", re.MULTILINE)
LISTED = re.compile(r"^   ([a-z][a-z0-9/-]*)$", re.MULTILINE)
SCRIPT = re.compile(r"<script|\son\w+=|href=|@import|url\((?!#)", re.IGNORECASE)
TOUR = {"start", "invite", "join", "party", "servers", *REST, *LOOKS}
"""What the laboratory takes."""


def pages() -> dict[str, str]:
    """The text of each page by its name, as the list of pages has it."""
    found = (path for path in DOCS.rglob("*.rst") if "_build" not in path.parts)
    return {path.relative_to(DOCS).with_suffix("").as_posix(): path.read_text(encoding="utf-8") for path in found}


def shown() -> list[tuple[str, str, str]]:
    """Of each picture that a page shows: the page, the file, the options below."""
    texts = {**pages(), "README": (ROOT / "README.rst").read_text(encoding="utf-8")}
    return [(page, match[1], match[2]) for page, text in texts.items() for match in SHOWN.finditer(text)]


class ListTests(SynchronousTestCase):
    """``docs/index.rst``."""

    def test_each_page_once(self) -> None:
        """Each page is listed, under one reader; nothing is taken in by a pattern."""
        index = pages()["index"]
        listed = Counter(name for part in index.split(".. toctree::")[1:] for name in LISTED.findall(part))
        self.assertEqual(listed, Counter(name for name in pages() if name != "index"))
        self.assertNotIn(":glob:", index)


class PictureTests(SynchronousTestCase):
    """``docs/pictures``."""

    def test_there_and_used(self) -> None:
        """Each picture that a page shows is there, and each that is there is shown."""
        self.assertEqual({file for _, file, _ in shown()}, {path.name for path in PICTURES.iterdir()})
        self.assertLessEqual(len(list(PICTURES.iterdir())), MOST)

    def test_said_in_words(self) -> None:
        """Who does not see a picture is told what it shows."""
        self.assertEqual([(page, file) for page, file, options in shown() if ":alt: " not in options], [])

    def test_small(self) -> None:
        """Each PNG is one, and small."""
        for path in PICTURES.glob("*.png"):
            self.assertEqual(path.read_bytes()[: len(PNG)], PNG, path.name)
            self.assertLessEqual(path.stat().st_size, LARGEST, path.name)

    def test_drawings(self) -> None:
        """Each drawing is whole, has a title, and asks for nothing: no script, no file, no font from elsewhere."""
        drawings = list(PICTURES.glob("*.svg"))
        self.assertEqual(len(drawings), 2)
        for path in drawings:
            text = path.read_text(encoding="utf-8")
            self.assertIsNone(SCRIPT.search(text), path.name)
            root = ElementTree.fromstring(text)
            self.assertTrue(root.findtext("{http://www.w3.org/2000/svg}title"), path.name)

    def test_made_by_the_laboratory(self) -> None:
        """The tour shows what ``lanrage lab web`` takes, and says something about each."""
        files = [(file, options) for page, file, options in shown() if page == "tour"]
        self.assertEqual({file.removesuffix(".png") for file, _ in files} - TOUR, set())
        self.assertEqual(len(files), len({file for file, _ in files}))
        self.assertEqual({path.stem for path in PICTURES.glob("*.png")}, {file[:-4] for file, _ in files})
        for file, _ in files:
            caption = pages()["tour"].partition(f"pictures/{file}\n")[2].partition("\n\n")[2].partition("\n\n")[0]
            self.assertRegex(caption, r"^   \S[^.]{20,}", file)
