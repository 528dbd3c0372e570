"""The house's walls: which layer may import which, and the limits of size (docs/architecture.rst)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent

FILE_LINES = 350
"""A file holds one idea; more than this is two."""

FUNCTION_LINES = 40
"""A function that does not fit on a screen is two."""

SHARED = frozenset({"errors", "interfaces", "log_context", "logs", "timing"})
"""What every layer outside of the core may use."""

ALLOWED: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "core": frozenset({"core", "errors"}),
    "wire": frozenset({"core", "wire", "errors"}),
    "interfaces": frozenset({"core", "errors"}),
    "log_context": frozenset({"errors"}),
    "logs": frozenset({"core", "errors", "log_context", "logs", "timing"}),
    "timing": frozenset({"core", "errors", "log_context"}),
    "net": frozenset({"core", "wire", "net", *SHARED}),
    "store": frozenset({"core", "wire", "store", *SHARED}),
    "app": frozenset({"core", "wire", "net", "store", "app", *SHARED, "__init__"}),
    "client": frozenset({"core", "app", "client", "errors"}),
    "lab": frozenset({"core", "wire", "net", "store", "app", "lab", *SHARED, "__init__"}),
    "__main__": frozenset({"app"}),
    "__init__": frozenset(),
}
"""Layer: the layers that it may import; a layer is the first name below the package."""

LAB_ENTRY = "lanrage.app.cli"
"""The command line alone leads into the laboratory (``lanrage lab``)."""

IMPURE = frozenset(
    {
        *("asyncio", "autobahn", "multiprocessing", "select", "selectors", "signal", "threading", "twisted"),
        *("http", "pyroute2", "socket", "socketserver", "ssl", "treq", "urllib"),
        *("click", "ctypes", "fcntl", "logging", "psutil", "resource", "rich", "subprocess"),
        *("glob", "os", "platformdirs", "shutil", "sqlite3", "tempfile"),
        *("random", "secrets", "time", "uuid"),
    }
)
"""What ``core`` and ``wire`` never import: reactors, sockets, processes, files, randomness, clocks, Twisted."""

REACTOR_PLACES = frozenset({"lanrage/app/service.py", "lanrage/app/cli_call.py", "lanrage/app/run_room.py"})
"""Where a function may import the reactor; everywhere else it is an argument."""


@attrs.frozen
class Import:
    """One imported name.

    :param module: absolute dotted name of what is imported; ``from a import b`` gives ``a.b``.
    :param line: where.
    :param at_top: it runs when the module is imported.
    """

    module: str
    line: int
    at_top: bool


def sources(*folders: str) -> list[Path]:
    """All Python files of these folders of the work tree."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def parse(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def checking_only(tree: ast.AST) -> set[ast.AST]:
    """What stands below ``if TYPE_CHECKING:`` and never runs."""
    blocks = (node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
    return {inner for block in blocks for statement in block.body for inner in ast.walk(statement)}


def imports(path: Path) -> list[Import]:
    """All imports of a file that run, those inside functions included."""
    tree = parse(path)
    inside = {inner for function in functions(tree) for inner in ast.walk(function)}
    found: list[Import] = []
    for node in set(ast.walk(tree)) - checking_only(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found.extend(Import(name, node.lineno, node not in inside) for name in names)
    return sorted(found, key=lambda each: each.line)


def layer_of(path: Path) -> str:
    """The layer of a file of the package."""
    return path.relative_to(ROOT / "lanrage").parts[0].removesuffix(".py")


def layer_of_import(module: str) -> str | None:
    """The layer that an import reaches, None outside the package."""
    package, _, rest = module.partition(".")
    if package != "lanrage":
        return None
    first = rest.partition(".")[0]
    return first if first in ALLOWED else "__init__"


def where(path: Path, line: int) -> str:
    """For a message: file and line."""
    return f"{path.relative_to(ROOT)}:{line}"


class LayerTests(SynchronousTestCase):
    """Imports go in one direction."""

    def test_there_is_something_to_check(self) -> None:
        """The walk finds the package, so that an empty result means something."""
        self.assertGreater(len(sources("lanrage")), 10)

    def test_direction(self) -> None:
        """core <- wire <- net <- app, core <- store <- app; the laboratory may import all, the command line it."""
        wrong = []
        for path in sources("lanrage"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            allowed = ALLOWED[layer_of(path)] | ({"lab"} if module == LAB_ENTRY else set())
            for each in imports(path):
                target = layer_of_import(each.module)
                if target is not None and target not in allowed:
                    wrong.append(f"{where(path, each.line)} {layer_of(path)} imports {each.module}")
        self.assertEqual(wrong, [])

    def test_core_and_wire_are_pure(self) -> None:
        """core and wire import no reactor, socket, clock, file, process or randomness."""
        wrong = [
            f"{where(path, each.line)} imports {each.module}"
            for path in sources("lanrage/core", "lanrage/wire")
            for each in imports(path)
            if each.module.partition(".")[0] in IMPURE
        ]
        self.assertEqual(wrong, [])

    def test_no_relative_imports(self) -> None:
        """An import names what it imports in full, so that this test and a reader see it."""
        wrong = [
            where(path, node.lineno)
            for path in sources("lanrage", "tests")
            for node in ast.walk(parse(path))
            if isinstance(node, ast.ImportFrom) and node.level
        ]
        self.assertEqual(wrong, [])


class ReactorTests(SynchronousTestCase):
    """The reactor is an argument."""

    def test_where_it_is_imported(self) -> None:
        """Never at module level, and inside functions only where a program starts."""
        wrong = []
        for path in sources("lanrage", "twisted/plugins"):
            for each in imports(path):
                if each.module != "twisted.internet.reactor":
                    continue
                if each.at_top or str(path.relative_to(ROOT)) not in REACTOR_PLACES:
                    wrong.append(where(path, each.line))
        self.assertEqual(wrong, [])

    def test_importing_everything_installs_none(self) -> None:
        """Not by way of a library either: another reactor can still be chosen after all modules were imported."""
        modules = [
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for path in sources("lanrage")
            if path.name != "__main__.py"
        ]
        program = (
            "import importlib, sys\n"
            "for name in sys.argv[1:]:\n"
            "    importlib.import_module(name)\n"
            "    if 'twisted.internet.reactor' in sys.modules:\n"
            "        sys.exit(name + ' or what it imports installs a reactor')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, *modules], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class SizeTests(SynchronousTestCase):
    """One idea a file, one step a function."""

    def test_files(self) -> None:
        """No file is over the limit."""
        sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources("lanrage", "tests")}
        self.assertEqual([f"{where(path, size)} lines" for path, size in sizes.items() if size > FILE_LINES], [])

    def test_functions(self) -> None:
        """No function of the package is over the limit."""
        wrong = []
        for path in sources("lanrage"):
            for node in functions(parse(path)):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > FUNCTION_LINES:
                    wrong.append(f"{where(path, node.lineno)} {node.name}: {size} lines")
        self.assertEqual(wrong, [])

    def test_nothing_is_left_for_later(self) -> None:
        """No note of unfinished work stands in the source."""
        words = ["TO" + "DO", "FIX" + "ME", "X" * 3]
        wrong = [
            where(path, number)
            for path in sources("lanrage", "tests", "twisted", "docs")
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if any(word in line for word in words)
        ]
        self.assertEqual(wrong, [])

    def test_every_layer_says_what_it_is(self) -> None:
        """Every module of the package has a docstring."""
        wrong = [where(path, 1) for path in sources("lanrage") if not ast.get_docstring(parse(path))]
        self.assertEqual(wrong, [])
