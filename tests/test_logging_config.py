"""The log as it is configured: formats, levels, context, repeated warnings, libraries (``docs/logging.rst``)."""

from __future__ import annotations

import io
import json
import os
from typing import Any

from hypothesis import given, settings
from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.redaction import REDACTED, Redactor
from lanrage.core.repeats import Repeats
from lanrage.errors import BadInput
from lanrage.log_context import context
from lanrage.logs import StructuredFormatter, configure_logging, get_logger, identify, keep_secret, set_level
from lanrage.logs.configure import get_level
from lanrage.logs.formatter import LINE_LIMIT
from lanrage.logs.record import OWN, Origin, stamp
from tests.log_tape import start_tape
from tests.strategies_logs import fields

log = get_logger("lanrage.app.links")


def event(**more: Any) -> dict[str, Any]:
    """An event of Twisted's."""
    return {
        "log_format": "link to {peer} is up",
        "log_level": LogLevel.info,
        "log_namespace": "lanrage.app.links",
        "log_time": 1_000_000_000.5,
        "peer": "ann",
    } | more


def failure(error: Exception) -> Failure:
    """An error with its traceback."""
    made: Failure | None = None
    try:
        raise error
    except type(error):
        made = Failure()
    assert made is not None
    return made


def formatter(form: str, *, journal: bool = False) -> StructuredFormatter:
    """For a node."""
    return StructuredFormatter(form, Origin("box", "ab" * 16, "node"), Redactor(), journal)


class JsonTests(SynchronousTestCase):
    """JSON lines."""

    def read(self, **more: Any) -> dict[str, Any]:
        """An event's line, read."""
        line = formatter("json").format(event(**more))
        self.assertEqual(1, line.count(b"\n"))
        found: dict[str, Any] = json.loads(line)
        return found

    def test_fields(self) -> None:
        """Who, where, when, what, the context, and the event's own fields."""
        with context(party_id="p", correlation_id="c"):
            found = self.read(ms=12.5)
        expected = {
            "time": "2001-09-09T01:46:40.500000Z",
            "level": "info",
            "subsystem": "connection",
            "namespace": "lanrage.app.links",
            "event": "link to {peer} is up",
            "message": "link to ann is up",
            "host": "box",
            "node": "ab" * 16,
            "role": "node",
            "pid": os.getpid(),
            "peer_id": "",
            "party_id": "p",
            "session_id": "",
            "game_id": "",
            "correlation_id": "c",
            "peer": "ann",
            "ms": 12.5,
        }
        self.assertEqual(expected, found)
        self.assertEqual(list(expected), list(found))

    def test_own_fields_win(self) -> None:
        """An event's field over its object's, its object's over the context; another line's is not touched."""

        class Source:
            """Says of itself what its lines bear."""

            log_fields = {"peer_id": "source", "party_id": "source"}

        with context(peer_id="context", party_id="context", game_id="context"):
            found = self.read(log_source=Source(), peer_id="event")
        self.assertEqual(["event", "source", "context"], [found[name] for name in ("peer_id", "party_id", "game_id")])

    def test_taken_names(self) -> None:
        """An event's field never takes the place of the line's own."""
        found = self.read(level=9, host="far", time=1)
        self.assertEqual(("info", "box"), (found["level"], found["host"]))
        self.assertEqual((9, "far", 1), (found["level_"], found["host_"], found["time_"]))

    def test_failure(self) -> None:
        """A failure's type, sentence and traceback are fields; Twisted's critical is an error."""
        found = self.read(log_failure=failure(ValueError("of no use")), log_level=LogLevel.critical)
        self.assertEqual(("error", "ValueError", "of no use"), (found["level"], found["error_type"], found["error"]))
        self.assertIn("in failure", found["traceback"])
        self.assertEqual(
            "of no use", self.read(log_failure=failure(ValueError("of no use")), log_format=None)["message"]
        )

    @settings(max_examples=40)
    @given(fields)
    def test_any_event(self, drawn: dict[str, Any]) -> None:
        """Any fields give one bounded line of valid JSON with all of the line's own fields."""
        found = self.read(**drawn)
        self.assertLessEqual(set(OWN[:15]), set(found))

    def test_bounded(self) -> None:
        """An event of megabytes is a line that a journal takes, which names what it leaves out."""
        line = formatter("json").format(event(**{f"f{n}": ["x" * 900] * 30 for n in range(60)}))
        self.assertLess(len(line), LINE_LIMIT)
        self.assertIn("f0", json.loads(line)["left_out"])

    def test_damaged_event(self) -> None:
        """What cannot be formatted is still a line."""
        self.assertIn("nothing", self.read(log_format="{nothing} {", log_time="never")["message"])
        self.assertEqual("1970-01-01T00:00:00.000000Z", stamp(float("inf")))

    def test_secrets(self) -> None:
        """Neither in fields, nor in the sentence, nor in a traceback."""
        found = self.read(log_format="{token} {key} {note}", token="s3", key=bytes(32), note=f"key {'ab' * 32}")
        self.assertEqual(f"{REDACTED} <32 bytes> key {REDACTED}", found["message"])
        self.assertEqual((REDACTED, "<32 bytes>", f"key {REDACTED}"), (found["token"], found["key"], found["note"]))
        broken = self.read(log_failure=failure(ValueError("LR1-AAAAAAAAAAAA")))
        self.assertNotIn("AAAA", json.dumps(broken))

    def test_public_key(self) -> None:
        """A public key under its name is shown, in the sentence, too."""
        found = self.read(log_format="node {public_key}", public_key=bytes(32))
        self.assertEqual((f"node {'00' * 32}", "00" * 32), (found["message"], found["public_key"]))


class PlainTests(SynchronousTestCase):
    """Plain lines."""

    def test_line(self) -> None:
        """Time, level, namespace, sentence, and the context at the end."""
        with context(party_id="p", peer_id="a"):
            line = formatter("plain").format(event())
        text = "2001-09-09T01:46:40.500000Z info     lanrage.app.links: link to ann is up [peer_id=a party_id=p]\n"
        self.assertEqual(text, line.decode())

    def test_journal(self) -> None:
        """A priority before each line and no time of our own, a traceback's lines included."""
        lines = (
            formatter("plain", journal=True).format(event(log_failure=failure(ValueError("x")))).decode().splitlines()
        )
        self.assertEqual("<6>info     lanrage.app.links: link to ann is up", lines[0])
        self.assertEqual({"<6>  "}, {line[:5] for line in lines[1:]})

    def test_a_peer_writes_no_lines(self) -> None:
        """Line breaks and commands to a terminal are shown, not done."""
        line = formatter("plain").format(event(peer="ann\n<2>critical x: \x1b[2J\u2028\x9b")).decode()
        self.assertEqual(1, len(line.splitlines()))
        self.assertIn("ann\\x0a<2>critical x: \\x1b[2J\\u2028\\x9b is up", line)

    def test_format(self) -> None:
        """There are two."""
        self.assertEqual("log-format", self.assertRaises(BadInput, formatter, "xml").field)


class ConfigureTests(SynchronousTestCase):
    """:func:`configure_logging` on Twisted's own loggers."""

    def test_levels(self) -> None:
        """By namespace, and changed while the program runs; before and after, everything is heard."""
        tape = start_tape(self, level="warning,lanrage.app=debug")
        net, app = get_logger("lanrage.net.card"), Logger("lanrage.app.lan")
        for each in (net, app):
            each.debug("one")
        set_level("info")
        for each in (net, app):
            each.debug("two")
            each.info("three")
        seen = [(line["namespace"], line["event"]) for line in tape.lines]
        self.assertEqual(
            [("lanrage.app.lan", "one"), ("lanrage.net.card", "three"), ("lanrage.app.lan", "three")], seen
        )
        self.assertEqual("info", get_level())
        self.assertFalse(net.writes(LogLevel.debug))
        tape.stream.close()
        self.assertTrue(net.writes(LogLevel.debug))
        self.assertRaises(BadInput, set_level, "loud")

    def test_who_writes(self) -> None:
        """The process' id is on each line once it is known; a secret told beforehand on none."""
        self.addCleanup(identify, "")
        tape = start_tape(self, role="relay")
        identify("ab" * 16)
        keep_secret("the operator's own token")
        log.info("it said {what}", what="the operator's own token")
        line = tape.lines[-1]
        self.assertEqual(("relay", "ab" * 16, f"it said {REDACTED}"), (line["role"], line["node"], line["message"]))

    def test_operation_grows_old(self) -> None:
        """What an operation started bears its id for two minutes, and the party's for as long as it lives."""
        clock = Clock()
        tape = start_tape(self, clock=clock)
        with context(correlation_id="c", party_id="p"):
            for _ in range(2):
                log.info("looking")
                clock.advance(120.0)
            log.info("looking", correlation_id="explicit")
        self.assertEqual(["c", "", "explicit"], [line["correlation_id"] for line in tape.lines])
        self.assertEqual({"p"}, {line["party_id"] for line in tape.lines})

    def test_second_configuration(self) -> None:
        """A stream that was closed writes no more; another one takes its place."""
        first = start_tape(self)
        first.stream.close()
        second = start_tape(self)
        log.info("hello")
        self.assertEqual(([], ["hello"]), (first.lines, [line["event"] for line in second.lines]))

    def test_wrong(self) -> None:
        """What is wrong changes nothing."""
        self.assertRaises(BadInput, configure_logging, "xml", stream=io.StringIO())
        self.assertRaises(BadInput, configure_logging, "json", "loud", stream=io.StringIO())
        self.assertTrue(log.writes(LogLevel.debug))


class RepeatedTests(SynchronousTestCase):
    """A warning that repeats."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.tape = start_tape(self, "plain", clock=self.clock, repeats=Repeats(2, 10.0))

    def said(self) -> list[str]:
        """The lines without time, level and namespace."""
        return [line.split(": ", 1)[1] for line in self.tape.text.splitlines()]

    def test_summary(self) -> None:
        """Some lines, then one with the count, when the interval ends; its timer is the only one, and goes."""
        for number in range(5):
            log.warn("bad datagram {number}", number=number)
            log.info("good datagram")
        self.assertEqual(2, sum("bad" in line for line in self.said()))
        self.assertEqual(5, sum("good" in line for line in self.said()))
        self.clock.advance(10.0)
        self.assertEqual("3 more lines like this: bad datagram {number}", self.said()[-1])
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_kinds(self) -> None:
        """What is printed is told apart by its text, so that a traceback is whole; other levels are other kinds."""
        for number in range(5):
            Logger("stderr").error("{log_io}", log_io=f"line {number}")
            log.warn("same")
            log.error("same")
        self.assertEqual(5 + 2 + 2, len(self.said()))

    def test_close(self) -> None:
        """What was held back is told at the end, and no timer is left."""
        for _ in range(3):
            log.warn("bad")
        self.tape.stream.close()
        self.assertEqual("1 more lines like this: bad", self.said()[-1])
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_no_secret_at_the_cut(self) -> None:
        """What was held back is told by its beginning, in which no secret is cut in two."""
        for _ in range(3):
            Logger("stderr").warn("{log_io}", log_io=f"{'x ' * 146}LR1-{'A' * 60}")
        self.clock.advance(10.0)
        self.assertIn("more lines like this", self.said()[-1])
        self.assertNotIn("LR1", self.said()[-1])

    def test_flush(self) -> None:
        """And where the service stops but the log goes on."""
        for _ in range(3):
            log.warn("bad")
        self.tape.stream.flush()
        log.warn("bad")
        self.assertEqual(["1 more lines like this: bad", "bad"], self.said()[-2:])
