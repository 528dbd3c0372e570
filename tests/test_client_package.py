"""The Python client: its methods are those of the table, its results have their classes, its example runs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from inspect import getdoc, signature
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import CancelledError, Deferred, DeferredQueue

from lanrage import client
from lanrage.app import client_code
from lanrage.app.operation import Nothing, Operation
from lanrage.app.operations import OPERATIONS
from lanrage.app.results import Joined, PartyShown, StatusShown
from lanrage.client.asking import Asker
from lanrage.client.calls_node import NodeCalls
from lanrage.errors import BadInput, DecodeError, Refused, Unreachable
from tests.app.test_client import ClientCase

reactor: Any = installed_reactor
ROOT = Path(__file__).resolve().parent.parent


class Odd(msgspec.Struct):
    """A result that no node gives."""

    number: int


class MadeTests(ClientCase):
    """What ``make messages`` writes."""

    def test_it_is_of_today(self) -> None:
        """The files are those that the table gives: else ``make messages`` was forgotten."""
        made = client_code.files(OPERATIONS.values())
        found = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "lanrage/client").glob("calls_*.py")}
        self.assertEqual(found, made)

    def test_every_operation_is_a_method(self) -> None:
        """By its name, with its arguments and its help; those that read may be watched."""
        node = NodeCalls(Asker(client.connect(reactor, self.path).client))
        for row in OPERATIONS.values():
            group, _, name = row.name.rpartition(".")
            word = {"import": "import_"}.get(name, name)
            method = getattr(getattr(node, group) if group else node, word)
            fields = set(row.request.__struct_fields__)
            self.assertEqual(set(signature(method).parameters) - {"progress", "descriptor"}, fields, row.name)
            self.assertEqual(" ".join((getdoc(method) or "").split()), row.help)
            watch = getattr(node.watch, group, None) if group else node.watch
            self.assertEqual(hasattr(watch, word), row.reads, row.name)

    def test_names_that_would_not_do(self) -> None:
        """A word of the language, a dot within a group, and a name that is a group's as well."""
        names = ("a.import", "a.b.c", "a")
        made = client_code.files(Operation(name, Nothing, Odd, "do", "Do it.", "lanrage do") for name in names)
        self.assertEqual(re.findall(r"async def (\w+)", "".join(made.values())), ["import_", "b_c", "__call__"])
        for text in made.values():
            compile(text, "made", "exec")


class NodeTests(ClientCase):
    """With a node."""

    async def test_results_have_their_classes(self) -> None:
        """Arguments by name, defaults left out, progress told."""
        self.serve()
        stages: list[str] = []
        async with client.connect(reactor, self.path) as node:
            joined = await node.party.join(code="LR1-x", member_name="Ann", progress=stages.append)
            shown = await node.party.show()
            self.assertEqual((type(joined), joined.name, joined.members), (Joined, "Friday", 2))
            self.assertEqual((type(shown), [member.name for member in shown.members]), (PartyShown, ["Ann", "Ben"]))
            self.assertEqual(len(stages), 2)
            marked = await node.servers.tag(server="Ben:27960", add=("friday",))
            self.assertEqual(marked.tags, ["friday"])

    async def test_watching(self) -> None:
        """States of their class; who leaves the loop watches no more, at the node either."""
        service = self.serve()
        async with client.connect(reactor, self.path) as node:
            async for status in node.watch.status():
                self.assertIsInstance(status, StatusShown)
                if status.party is not None:
                    break
                await node.party.join(code="LR1-x", member_name="Ann")
            await node.status()
            self.assertEqual(len(service.calls.watching), 0)

    async def test_errors(self) -> None:
        """As they were raised: a refusal by its word, an argument by its name; and nobody there."""
        self.serve()
        async with client.connect(reactor, self.path) as node:
            refused: Any = await self.assertFailure(Deferred.fromCoroutine(node.party.show()), Refused)
            self.assertEqual(refused.code, "not_in_party")
            wrong = Deferred.fromCoroutine(node.party.join(code="", member_name="Ann"))
            error: Any = await self.assertFailure(wrong, BadInput)
            self.assertEqual(error.field, "code")
            asker = Asker(node.client)
            await self.assertFailure(Deferred.fromCoroutine(asker.ask("status", {}, Odd)), DecodeError)
        with self.assertRaises(Unreachable):
            async with client.connect(reactor, self.folder / "none.sock"):
                self.fail("nobody is there")
        self.assertRaises(Unreachable, client.connect, reactor, role="relay", state_dir=str(self.folder))

    def test_where_it_looks(self) -> None:
        """Where nothing is said, the variable of the command line counts."""
        with CliRunner().isolation(env={"LANRAGE_SOCKET": "/x/node.sock"}):
            self.assertEqual(client.connect(reactor).client._path, "/x/node.sock")

    def example(self, number: int, told: Callable[[str], object]) -> dict[str, Any]:
        """The names that a program of ``docs/client.rst`` has.

        :param told: gets what it prints.
        """
        text = (ROOT / "docs/client.rst").read_text(encoding="utf-8")
        part = text.split(".. code-block:: python\n")[number]
        code = textwrap.dedent(re.split(r"^(?=\S)", part, flags=re.MULTILINE)[0])
        space: dict[str, Any] = {"__name__": "example", "print": lambda *words: told(" ".join(map(str, words)))}
        exec(compile(code, "docs/client.rst", "exec"), space)  # pylint: disable=exec-used
        return space

    async def test_the_program_that_stays(self) -> None:
        """No node, a node in no party, one in a party, one that ended: it goes on, and ends when it is cancelled."""
        lines: DeferredQueue[str] = DeferredQueue()
        space = self.example(2, lambda line: reactor.callLater(0, lines.put, line))
        space["PAUSE"] = 0.01
        staying = Deferred.fromCoroutine(space["stay"](reactor, str(self.path)))

        async def told(what: str) -> None:
            while what not in await lines.get():
                pass

        await told("no node is running at")
        service = self.serve()
        await told("this node is in no party")
        async with client.connect(reactor, self.path) as node:
            await node.party.join(code="LR1-x", member_name="Ann")
        await told("Friday ['Ann', 'Ben']")
        await service.stopService()
        await told("no node is running at")
        staying.cancel()
        await self.assertFailure(staying, CancelledError)

    async def test_the_example(self) -> None:
        """The program of ``docs/client.rst`` joins, follows the party's status, and ends."""
        self.serve()
        told: list[str] = []
        await self.example(1, told.append)["play"](reactor, "LR1-x", "Ann", str(self.path))
        self.assertEqual(told, ["in Friday with 2 members", "Ben by a direct path, 20.5 ms away"])
