"""What the page's sources must keep, told without a browser."""

from __future__ import annotations

import re
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.operations import OPERATIONS
from lanrage.wire.local import END_CALL
from tests.browser.sources import WEB, asked, files, without_comments

FILE_LINES = 350
MARKUP = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|setHTMLUnsafe|DOMParser|srcdoc)\b"
    r"|document\.write|\beval\(|new Function|setTimeout\(\s*[\"'`]|setInterval\(\s*[\"'`]|javascript:"
)
"""Ways by which a text becomes markup or a program."""
ALLOWED = {"dom.js": {"srcdoc"}}
"""``dom.js`` names what it refuses."""
IMPORT = re.compile(r'from "(\./[a-z_]+\.js)"')
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const) (\w+)", re.MULTILINE)
NAMED = re.compile(r'import \{([^}]*)\} from "\./([a-z_]+\.js)"')
TEST_IDS = (
    *("create-name", "create-member", "create-go", "invite-code", "invite-link", "join-code", "join-member", "join-go"),
    *("party-title", "member-row", "server-row", "error-box"),
)
"""What other tests of the page go by."""


class SourceTests(SynchronousTestCase):
    """Markup, sizes, names."""

    def test_xss_no_markup_from_text(self) -> None:
        """No module turns text into markup or runs it, and no file has handlers or styles inside of its markup."""
        wrong = []
        for path in files(".js"):
            found = set(MARKUP.findall(without_comments(path.read_text(encoding="utf-8"))))
            wrong += [f"{path.name}: {each}" for each in found - ALLOWED.get(path.name, set())]
        page = (WEB / "index.html").read_text(encoding="utf-8")
        wrong += re.findall(r"<[^>]*\s(?:on[a-z]+|style)=[^>]*>|<style|<script>|https?://", page)
        self.assertEqual(wrong, [])

    def test_text_is_made_in_one_place(self) -> None:
        """Elements are made by ``dom.js`` alone, which cleans every text."""
        words = re.compile(r"createElement|createTextNode|\.textContent = |setAttribute\(\"(?!aria-|data-)")
        made = {path.name for path in files(".js") if words.search(path.read_text(encoding="utf-8"))}
        self.assertEqual(made, {"dom.js"})

    def test_sizes(self) -> None:
        """No file is over the limit that all files of the project have."""
        sizes = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
        self.assertEqual({name: size for name, size in sizes.items() if size > FILE_LINES}, {})

    def test_imports(self) -> None:
        """Every module that is imported is there, and has what is taken from it."""
        texts = {path.name: path.read_text(encoding="utf-8") for path in files(".js")}
        wrong = []
        for name, text in texts.items():
            for names, source in NAMED.findall(text):
                has = set(EXPORT.findall(texts.get(source, "")))
                wrong += [
                    f"{name}: {each}" for each in (one.strip() for one in names.split(",")) if each and each not in has
                ]
                uses = [one.strip() for one in names.split(",") if one.strip()]
                wrong += [f"{name}: {each} is not used" for each in uses if len(re.findall(rf"\b{each}\b", text)) < 2]
        self.assertEqual(wrong, [])
        self.assertEqual({each[2:] for text in texts.values() for each in IMPORT.findall(text)} - set(texts), set())

    def test_names_of_tests(self) -> None:
        """Elements that tests go by have their names."""
        text = "".join(path.read_text(encoding="utf-8") for path in files(".js"))
        self.assertEqual([name for name in TEST_IDS if f'"{name}"' not in text], [])
        self.assertIn("`nav-${name}`", text)

    def test_what_the_page_names_is_there(self) -> None:
        """Every file that ``index.html`` names is one of the page's."""
        named = re.findall(r'(?:href|src)="(/[^"]+)"', (WEB / "index.html").read_text(encoding="utf-8"))
        self.assertGreater(len(named), 8)
        self.assertEqual([name for name in named if not (WEB / name[1:]).is_file()], [])

    def test_all_is_packed(self) -> None:
        """Each file goes by a pattern of the package's data."""
        setup = ConfigParser()
        setup.read(Path(__file__).resolve().parent.parent.parent / "setup.cfg", encoding="utf-8")
        patterns = setup["options.package_data"]["*"].split()
        self.assertEqual([path.name for path in files() if not any(fnmatch(path.name, each) for each in patterns)], [])


class CallTests(SynchronousTestCase):
    """The operations that the page asks for."""

    def test_each_is_known(self) -> None:
        """Every call names an operation and arguments that there are, and those that must be given are."""
        calls = [call for path in files(".js") if path.name not in ("api.js",) for call in asked(path)]
        self.assertGreater(len(calls), 30)
        wrong = [f"{call.where}: {problem}" for call in calls for problem in problems(call.op, call.args, call.watched)]
        self.assertEqual(wrong, [])

    def test_parsing(self) -> None:
        """The reading of calls sees names, arguments in short and long form, and what is inside of them as no names."""
        self.assertEqual(problems("party.kick", ("member",), False), [])
        self.assertEqual(problems("party.kick", (), False), ["member must be given"])
        self.assertEqual(problems("party.kick", ("member", "why"), False), ["has no argument why"])
        self.assertEqual(problems("party.kick", ("member",), True), ["cannot be watched"])
        self.assertEqual(problems("party.kcik", (), False), ["party.kcik is no operation"])
        found = {(call.op, call.args) for call in asked(WEB / "js" / "server_dialogs.js")}
        self.assertIn(("servers.add", ("address", "game", "name")), found)
        self.assertIn(("servers.tag", ("server", "add")), found)


def problems(op: str | None, args: tuple[str, ...] | None, watched: bool) -> list[str]:
    """What is wrong with a call."""
    if op is None or args is None:
        return ["operation and arguments must stand in the call itself"]
    if op not in OPERATIONS and op != END_CALL:
        return [f"{op} is no operation"]
    row = OPERATIONS[op]
    fields = {field.name: field for field in msgspec.structs.fields(row.request)}
    missing = [f"{name} must be given" for name, field in fields.items() if field.required and name not in args]
    unknown = [f"has no argument {name}" for name in args if name not in fields]
    return [*missing, *unknown, *(["cannot be watched"] if watched and not row.reads else [])]
