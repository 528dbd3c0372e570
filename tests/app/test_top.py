"""``lanrage top``: what it knows, the picture of it, and its life on a terminal."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import attrs
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.cli_call import Tools
from lanrage.app.cli_top import AGAIN, REDRAW, live, once
from lanrage.app.operations import perform
from lanrage.app.top_state import WATCHED, TopState
from lanrage.app.top_view import picture
from lanrage.errors import Unreachable
from lanrage.net.keyboard import keys
from tests.fakes_node import FakeNode


@attrs.define
class Client:
    """A connection to a node in memory, whose watches tell one state and then wait.

    :ivar waiting: the watches; an error fired there ends them.
    """

    node: FakeNode = attrs.Factory(FakeNode)
    waiting: list[Deferred[None]] = attrs.Factory(list)
    ended: int = 0

    async def call(self, op: str, args: dict[str, Any]) -> Any:
        """See :class:`NodeClient`."""
        return await perform(self.node, op, args)

    async def watch(self, op: str, args: dict[str, Any]) -> AsyncGenerator[Any, None]:
        """See :class:`NodeClient`."""
        try:
            yield await perform(self.node, op, args)
            self.waiting.append(Deferred())
            await self.waiting[-1]
        finally:
            self.ended += 1

    def converse(self, path: str, work: Callable[[Any, Any], Awaitable[Any]]) -> Any:
        """See :class:`Tools`."""
        done: list[Any] = []
        coroutine: Any = work(self, Clock())
        Deferred.fromCoroutine(coroutine).addBoth(done.append)
        if isinstance(done[0], Failure):
            done[0].raiseException()
        return done[0]


def in_party() -> Client:
    """A node in a party of two."""
    client = Client()
    client.converse("", lambda node, _: node.call("party.join", {"code": "LR1-x", "member_name": "Ann"}))
    return client


def drawn(state: TopState, width: int = 80, height: int = 24) -> list[str]:
    """The lines of a picture."""
    console = Console(width=width, height=height, highlight=False, markup=False, color_system=None)
    with console.capture() as captured:
        console.print(picture(state, width, height))
    return captured.get().splitlines()


class PictureTests(SynchronousTestCase):
    """What is shown."""

    def state(self) -> TopState:
        """All of a node in a party."""
        state: TopState = in_party().converse("", once)
        return state

    def test_what_is_in_it(self) -> None:
        """Each part has its line, in 80 columns and 24 lines."""
        lines = drawn(self.state())
        text = "\n".join(lines)
        self.assertIn("LANrage 0.1.0 · in-party · Friday: 2 of 2 online · control connected", text)
        self.assertRegex(text, r"(?m)^Ann \(you\) ")
        self.assertRegex(text, r"(?m)^Ben +direct +20.5 ms +A +10 B / 20 B")
        for words in ("Friday Arena", "OpenTTD", "3979/tcp", "party Friday is entered", "q ends"):
            self.assertIn(words, text)
        self.assertNotIn("\x1b", text)
        self.assertLessEqual(len(lines), 24)

    def test_rates(self) -> None:
        """Bytes a second, once two counts are there; a counter that began again starts anew."""
        state = self.state()
        party = state.known["party.show"]
        ben = party["members"][1]
        for now, rx, expected in ((1.0, 10, 0.0), (3.0, 2058, 1024.0), (4.0, 0, 0.0)):
            ben["rx_bytes"] = rx
            state.take("party.show", party, now)
            self.assertEqual(state.traffic[ben["identity"]].rx_rate, expected)
            self.assertEqual("1.0 KiB/s / 0 B/s" in "\n".join(drawn(state)), expected > 0)

    def test_outside_of_a_party(self) -> None:
        """What is refused says why."""
        text = "\n".join(drawn(Client().converse("", once)))
        self.assertIn("members  this node is in no party", text)

    def test_a_narrow_terminal(self) -> None:
        """A column is there whole or not at all, names and sentences give way; the log keeps the time."""
        state = self.state()
        state.known["logs.show"]["records"][0]["message"] = "a long sentence of the log " * 5
        state.known["party.show"]["members"][1]["status"] = "busy with something that takes long to tell"
        wide, narrow = "\n".join(drawn(state, 80)), "\n".join(drawn(state, 40, 24))
        self.assertRegex(wide, r"(?m)^Ben +direct +20.5 ms +A +10 B / 20 B +busy[a-z ]+… *$")
        self.assertRegex(wide, r"(?m)^\d\d:\d\d:\d\d +\w+ +a long sentence[a-z ]+… *$")
        self.assertRegex(narrow, r"(?m)^name +path +ping +quality")
        self.assertRegex(narrow, r"(?m)^Ann \(you\)")
        self.assertRegex(narrow, r"(?m)^Ben +direct +20.5 ms +A")
        self.assertNotIn("10 B /", narrow)
        self.assertRegex(narrow, r"(?m)^\d\d:\d\d:\d\d +party +a long")

    def test_who_is_away(self) -> None:
        """Nothing is measured of a member that is offline."""
        state = self.state()
        state.known["party.show"]["members"][1]["online"] = False
        line = next(line for line in drawn(state) if line.startswith("Ben"))
        self.assertRegex(line, r"^Ben +offline +10 B")

    def test_it_is_told_what_changed(self) -> None:
        """Each result counts, and a refusal once: one that is refused again changes nothing."""
        state = TopState()
        state.take("status", {}, 1.0)
        for why in ("no party", "no party", "not now"):
            state.refuse("paths", why)
        self.assertEqual(state.changes, 3)

    @given(
        st.integers(0, 64), st.integers(0, 40), st.integers(0, 12), st.integers(0, 60), st.integers(8, 60), st.data()
    )
    def test_it_fits(self, members: int, servers: int, alerts: int, lines: int, height: int, data: Any) -> None:
        """However much there is, it has no more lines and columns than the terminal; what is not shown is counted."""
        state = self.state()
        member, server = state.known["party.show"]["members"][1], state.known["servers.list"]["servers"][0]
        name = data.draw(st.text(max_size=40))
        state.known["party.show"]["members"] = [{**member, "name": f"{number}{name}"} for number in range(members)]
        state.known["servers.list"]["servers"] = [{**server, "name": f"s{number} {name}"} for number in range(servers)]
        alert = {"alert": "loss_high", "text": f"{name} loses packets"}
        state.known["alerts"] = {"firing": [alert] * alerts, "history": []}
        record = {**state.known["logs.show"]["records"][0], "message": name * 5}
        state.known["logs.show"]["records"] = [record] * lines
        width = data.draw(st.sampled_from((20, 40, 80, 200)))
        shown = drawn(state, width, height)
        self.assertLessEqual(len(shown), height)
        self.assertLessEqual(max(map(cell_len, shown)), width)
        counted = [int(line.split()[1]) for line in shown if line.startswith("... ") and line.endswith("more")]
        self.assertLessEqual(len(counted), 3)


class LiveTests(SynchronousTestCase):
    """Its life."""

    def setUp(self) -> None:
        """A node in a party, watched."""
        self.clock, self.client = Clock(), in_party()
        self.seen: list[bool] = []
        self.over = False
        self.done = Deferred.fromCoroutine(live(self.client, self.clock, self.draw, lambda: self.over))

    def draw(self, state: TopState) -> None:
        """A picture is drawn."""
        self.seen.append(state.complete)

    def test_until_q(self) -> None:
        """It draws while it lives, all is there at once, and at its end nothing is watched or waits."""
        self.clock.pump([REDRAW] * 4)
        self.assertEqual(self.seen, [True] * 5)
        self.over = True
        self.clock.advance(REDRAW)
        self.successResultOf(self.done)
        self.assertEqual((self.client.ended, self.clock.getDelayedCalls()), (len(WATCHED), []))

    def test_the_node_goes(self) -> None:
        """Its end is that of the command."""
        self.client.waiting[0].errback(Unreachable("the node closed the connection"))
        self.clock.advance(REDRAW)
        self.failureResultOf(self.done, Unreachable)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_what_is_refused_is_asked_again(self) -> None:
        """Members appear when the party is entered."""
        client, states = Client(), list[TopState]()
        done = Deferred.fromCoroutine(live(client, self.clock, states.append, lambda: False))
        self.assertEqual(states[0].members, [])
        client.converse("", lambda node, _: node.call("party.join", {"code": "LR1-x", "member_name": "Ann"}))
        self.clock.advance(AGAIN)
        self.assertEqual([each["name"] for each in states[0].members], ["Ann", "Ben"])
        done.addErrback(lambda _: None)
        done.cancel()


class CommandTests(SynchronousTestCase):
    """In a pipe."""

    def run_top(self, *words: str) -> str:
        """Its standard output."""
        result = CliRunner().invoke(main, ["top", *words], obj=Tools(converse=in_party().converse))
        self.assertEqual(result.exit_code, 0, result.output)
        return result.stdout

    def test_lines(self) -> None:
        """Once, whole, with no colours; the same by ``--once``."""
        out = self.run_top()
        self.assertEqual(out, self.run_top("--once"))
        self.assertNotIn("\x1b", out)
        for words in ("Ben ", "direct", "Friday Arena", "games here", "the server is away"):
            self.assertIn(words, out)

    def test_json(self) -> None:
        """The results by their operations' names."""
        self.assertEqual(set(json.loads(self.run_top("--json"))), set(WATCHED))


class Readers:
    """A reactor that notes who reads."""

    def __init__(self) -> None:
        self.reading: list[Any] = []
        self.addReader, self.removeReader = self.reading.append, self.remove

    def remove(self, reader: Any) -> None:
        """See :class:`IReactorFDSet`."""
        if reader in self.reading:
            self.reading.remove(reader)


class KeyboardTests(SynchronousTestCase):
    """A real terminal."""

    def test_keys(self) -> None:
        """Each is told as it is pressed, without Enter; afterwards the terminal is as it was."""
        import termios

        outer, inner = pty.openpty()
        self.addCleanup(os.close, outer)
        before, reactor, pressed = termios.tcgetattr(inner), Readers(), list[str]()
        with keys(reactor, inner, pressed.append):
            os.write(outer, b"xq")
            reactor.reading[0].doRead()
            self.assertNotEqual(termios.tcgetattr(inner), before)
        self.assertEqual((pressed, reactor.reading, termios.tcgetattr(inner)), (["x", "q"], [], before))
        os.close(inner)

    def test_no_terminal(self) -> None:
        """It is left alone."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        reactor = Readers()
        with keys(reactor, reader, lambda _: None):
            self.assertEqual(reactor.reading, [])
