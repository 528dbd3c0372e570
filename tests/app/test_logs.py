"""The ring of the log, and ``lanrage logs``."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import attrs
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.cli_call import Tools
from lanrage.app.logs_node import LogsNode
from lanrage.app.operations import perform
from lanrage.core.log_levels import LINES_LIMIT, WORDS, Level
from lanrage.logs import RING, get_logger, keep_secret
from lanrage.logs.ring import BYTES_LIMIT, PAGE_BYTES, LineFilter, LogRing
from tests.app.test_cli import CommandCase
from tests.fakes_logs import filled, record
from tests.fakes_node import FakeNode
from tests.log_tape import start_tape

ALL = LineFilter()
levels = st.sampled_from([level.word for level in Level])
parts = st.sampled_from(["party", "games", "api"])
records = st.builds(
    record, st.sampled_from(["Ann came", "ben went", "b"]), levels, parts, st.sampled_from(["", "a", "b"])
)
filters = st.builds(
    LineFilter,
    levels.map(WORDS.__getitem__),
    parts | st.just(""),
    st.sampled_from(["", "a"]),
    st.sampled_from(["", "B"]),
)


class RingTests(SynchronousTestCase):
    """:class:`LogRing`."""

    @given(st.lists(records, max_size=30), filters, st.integers(1, 7), st.integers(0, 40))
    def test_pages(self, told: list[Any], wanted: LineFilter, limit: int, after: int) -> None:
        """Going on after the last number of each page gives every wanted line once, in order; or the newest."""
        ring = filled(*told)
        fits = [
            number
            for number, each in enumerate(told, 1)
            if WORDS[each["level"]] >= wanted.level
            and wanted.subsystem in ("", each["subsystem"])
            and wanted.correlation_id in ("", each["correlation_id"])
            and wanted.text.lower() in each["message"].lower()
        ]
        seen: list[int] = []
        page = ring.after(after, wanted, limit)
        while True:
            self.assertLessEqual(len(page.lines), limit)
            seen += [line.number for line in page.lines]
            if not page.more:
                break
            page = ring.after(page.last, wanted, limit)
        self.assertEqual((seen, page.last), ([number for number in fits if number > after], len(told)))
        newest = ring.latest(wanted, limit)
        self.assertEqual(([line.number for line in newest.lines], newest.last), (fits[-limit:], len(told)))

    def test_bounds(self) -> None:
        """So many lines, and so many bytes; who went on after a line that went is told how many it missed."""
        ring = LogRing()
        for number in range(LINES_LIMIT + 10):
            ring.add(record(f"line {number}"))
        page = ring.after(4, ALL, 1)
        self.assertEqual((page.lines[0].number, page.lost, page.last, page.more), (11, 6, 11, True))
        for _ in range(400):
            ring.add(record("x" * 20_000))
        self.assertLessEqual(sum(len(line.json) for line in ring.latest(ALL, 9999).lines), PAGE_BYTES)
        newest, oldest = ring.latest(ALL, 1).lines[0], ring.after(0, ALL, 1).lines[0]
        kept = (newest.number - oldest.number + 1) * len(newest.json)
        self.assertTrue(BYTES_LIMIT - len(newest.json) < kept <= BYTES_LIMIT, kept)

    def test_noise_of_libraries(self) -> None:
        """What they say at level debug is not kept, the rest is."""
        ring = filled(record("a", "debug", "library"), record("b", "info", "library"), record("c", "debug", "api"))
        self.assertEqual([line.searched for line in ring.latest(ALL, 9).lines], ["b", "c"])

    def test_one_large_line(self) -> None:
        """Is given, though it is larger than a page is meant to be."""
        page = filled(record("y" * 30_000), record("z")).after(0, ALL, 5)
        self.assertEqual([line.number for line in page.lines], [1, 2])

    def test_what_the_log_writes(self) -> None:
        """Each line that is written, with its fields, in whatever form, without its secrets; what is too low is not."""
        start_tape(self, "plain", "info")
        keep_secret("verysecretindeed")
        before = RING.latest(ALL, 1).last
        log = get_logger("lanrage.app.links")
        log.info("told {word}", word="verysecretindeed", sequence=7)
        log.debug("not told")
        node = LogsNode()
        asked: dict[str, Any] = {
            "level": "info",
            "subsystem": "connection",
            "correlation_id": "",
            "text": "TOLD",
            "limit": 5,
        }
        shown = self.successResultOf(Deferred.fromCoroutine(node.show_logs(after=before, **asked)))
        (found,) = shown["records"]
        self.assertEqual((found["event"], found["level"], found["sequence_"]), ("told {word}", "info", 7))
        self.assertEqual(
            (found["sequence"], shown["last"], shown["more"], shown["lost"]), (before + 1, before + 1, False, 0)
        )
        self.assertNotIn("verysecret", json.dumps(shown))


@attrs.define
class Watched:
    """A client whose node logs while it is watched, then is interrupted."""

    node: FakeNode
    asked: list[tuple[str, Any]] = attrs.Factory(list)

    async def call(self, op: str, args: dict[str, Any]) -> Any:
        """See :class:`NodeClient`."""
        self.asked.append((op, args))
        return await perform(self.node, op, args)

    async def watch(self, op: str, args: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """See :class:`NodeClient`."""
        self.asked.append((f"watch {op}", args))
        for number in range(2):
            self.node.log_ring.add(record(f"news {number}"))
            self.node.log_ring.add(record(f"noise {number}", "debug"))
            yield {}
        raise KeyboardInterrupt

    def converse(self, path: str, work: Callable[[Any, Any], Awaitable[Any]]) -> None:
        """See :class:`Tools`."""
        coroutine: Any = work(self, None)
        coroutine.send(None)


class CommandTests(CommandCase):
    """``lanrage logs``."""

    def test_lines(self) -> None:
        """Time, level, part, sentence, operation; nothing that a terminal obeys; a traceback below its line."""
        out = self.done("logs")
        self.assertRegex(out, r"(?m)^2026-11-28 \d\d:34:56 info     party          party Friday is entered \[a1b2\]$")
        self.assertIn("\n  Failed at:\n", out)
        self.assertIn("\N{REPLACEMENT CHARACTER}[31mred", out)
        self.assertNotIn("\x1b", out)

    def test_filters(self) -> None:
        """Each of them, and all are checked before the node is asked."""
        for words, count in (("--level error", 1), ("--subsystem games", 1), ("--id a1b2", 1), ("--text LATE", 1)):
            self.assertEqual(len(self.done("logs", *words.split()).splitlines()), count, words)
        for words in ("--level loud", "--lines 0", "--lines 501"):
            self.assertEqual(self.run_command("logs", *words.split()).exit_code, 2, words)
        for wrong in (["--id", "a b"], ["--subsystem", "no such"], ["--subsystem", "gamez"], ["--text", "x" * 101]):
            self.assertEqual(self.run_command("logs", *wrong).exit_code, 1, wrong)
        self.assertIn("known are: config, ", self.run_command("logs", "--subsystem", "gamez").stderr)

    def test_json(self) -> None:
        """One object a line."""
        lines = [json.loads(line) for line in self.done("logs", "--json", "--lines", "2").splitlines()]
        self.assertEqual([(line["level"], line["sequence"]) for line in lines], [("warning", 3), ("error", 4)])

    def test_follow(self) -> None:
        """The latest, then each that comes and is wanted, once; Ctrl-C ends it."""
        self.node = FakeNode()
        type(self.node).log_ring, before = filled(record("old")), type(self.node).log_ring
        self.addCleanup(setattr, type(self.node), "log_ring", before)
        client = Watched(self.node)
        result = CliRunner().invoke(main, ["logs", "-f", "--level", "info"], obj=Tools(converse=client.converse))
        told = [line.split()[4:] for line in result.stdout.splitlines()]
        self.assertEqual(told, [["old"], ["news", "0"], ["news", "1"]])
        self.assertEqual(result.exit_code, 130)
