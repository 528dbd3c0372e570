"""The local API over real UNIX sockets: answers to good and bad calls, and to what is no call."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock, deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.api_calls import Calls, Conversation
from lanrage.app.operations import OPERATIONS
from lanrage.wire.local import CALL_BACKLOG, CALL_LIMIT, decode_answer
from tests.api_case import ApiCase
from tests.fakes_node import FakeNode
from tests.log_tape import start_tape

reactor: Any = installed_reactor


values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(max_size=10)
    | st.lists(st.integers(), max_size=2)
)
arguments = st.dictionaries(
    st.sampled_from(["name", "code", "member_name", "uses", "expires_hours", "x"]),
    values | st.sampled_from(["Ann", "LR1-x", "a:1"]),
    max_size=3,
)
payloads = st.one_of(
    st.binary(max_size=60),
    values.map(msgspec.json.encode),
    st.fixed_dictionaries(
        {"id": values | st.integers(0, 9), "op": st.sampled_from([*OPERATIONS, "no", 5])},
        optional={"args": arguments | values, "correlation_id": values},
    ).map(msgspec.json.encode),
)
"""From noise to calls that are nearly, or quite, right."""


class AnswerTests(ApiCase):
    """One answer for each call, and the connection lives on."""

    async def test_an_operation_has_an_id(self) -> None:
        """The call's own, or one that the node makes up: on the lines of its beginning and end, and of a refusal."""
        client, tape = await self.opened(), start_tape(self)
        await client.ask(b'{"id": 1, "op": "status", "correlation_id": "mine-1"}')
        await client.ask(b'{"id": 2, "op": "party.leave"}')
        told = [(line["event"], line["correlation_id"]) for line in tape.where(subsystem="api")]
        made = told[-1][1]
        self.assertRegex(made, "^[0-9a-f]{16}$")
        begins, ended = "operation {op} begins", "operation {op} ended"
        wanted = [(begins, "mine-1"), (ended, "mine-1"), (begins, made), ("operation {op} was refused: {reason}", made)]
        self.assertEqual(wanted, told)

    async def test_an_id_is_no_line_of_its_own(self) -> None:
        """An id that ends in a newline is refused at the door."""
        client = await self.opened()
        answer = await client.ask(b'{"id": 1, "op": "status", "correlation_id": "a\\n"}')
        self.assertIn(b'"field":"correlation_id"', answer)

    async def test_a_call_and_its_result(self) -> None:
        """The result carries the call's id."""
        client = await self.opened()
        answer = await client.ask(b'{"id": 7, "op": "party.leave", "args": {}}')
        wanted = b'{"id":7,"error":{"code":"not_in_party","message":"this node is in no party"}}'
        self.assertEqual(answer, wanted)
        self.node.party = "Friday"
        answer = await client.ask(b'{"id": 8, "op": "party.leave", "correlation_id": "abc-1"}')
        self.assertEqual(answer, b'{"id":8,"result":{"party_id":"0123456789abcdef0123456789abcdef"}}')

    async def test_progress_comes_before_the_result(self) -> None:
        """A long operation tells its stages."""
        client = await self.opened()
        call = b'{"id":1,"op":"party.join","args":{"code":"LR1-x","member_name":"Ann"}}'
        self.assertEqual(await client.ask(call), b'{"id":1,"progress":"asking the control server"}')
        self.assertEqual(await client.next(), b'{"id":1,"progress":"making the card"}')
        self.assertIn(b'"result"', await client.next())

    async def test_each_wrong_message_gets_one_clear_error(self) -> None:
        """It names field and rule, carries the id where one was readable, and the same connection still works."""
        client = await self.opened()
        cases = [
            (
                b"{",
                b'{"id":null,"error":{"code":"bad_input","message":"message: must be JSON text","field":"message"}}',
            ),
            (
                b"[" * 5000,
                b'{"id":null,"error":{"code":"bad_input","message":"message: must be JSON text","field":"message"}}',
            ),
            (
                b'{"id":3,"op":"nope"}',
                b'{"id":3,"error":{"code":"bad_input","message":"op: \'nope\' is not known here; known are: '
                + ", ".join(OPERATIONS).encode()
                + b'","field":"op"}}',
            ),
            (
                b'{"id":4,"op":"status","what":1}',
                b'{"id":4,"error":{"code":"bad_input","message":"message: \'what\' is not known here; known are: args, '
                b'correlation_id, id, op, watch","field":"message"}}',
            ),
            (
                b'{"id":5,"op":"party.join","args":{"code":"LR1-x","member_name":""}}',
                b'{"id":5,"error":{"code":"bad_input","message":"member_name: must be 1 to 32 characters, '
                b'without control characters and without blanks at its ends","field":"member_name"}}',
            ),
        ]
        for call, answer in cases:
            self.assertEqual(await client.ask(call), answer)
        self.assertIn(b"must be text, not binary", await client.ask(b'{"id":1,"op":"status"}', binary=True))
        self.assertEqual(self.node.calls, [])
        self.assertIn(b'"state":"idle"', await client.ask(b'{"id":6,"op":"status"}'))

    async def test_a_bug_is_logged_and_told_without_its_traceback(self) -> None:
        """The user reads that the log says more; the log has the failure."""
        self.node.failures["status"] = ZeroDivisionError("secret detail")
        client = await self.opened()
        answer = await client.ask(b'{"id":1,"op":"status"}')
        self.assertEqual(
            answer,
            b'{"id":1,"error":{"code":"internal","message":"the node met an error of its own; its log says more"}}',
        )
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_a_result_that_is_no_json_is_a_bug_too(self) -> None:
        """The caller is told, not left waiting."""
        self.node.facts = cast(Any, object())
        client = await self.opened()
        self.assertIn(b'"internal"', await client.ask(b'{"id":1,"op":"diagnose"}'))
        self.assertEqual(len(self.flushLoggedErrors()), 1)

    async def test_an_id_in_use_and_too_many_calls(self) -> None:
        """A second call of an unanswered id is refused, and so are more calls than the backlog takes."""
        self.node.held = Deferred()
        client = await self.opened()
        call = b'{"id":%d,"op":"party.join","args":{"code":"LR1-x","member_name":"Ann"}}'
        for number in range(CALL_BACKLOG):
            await client.ask(call % number)
        self.assertIn(b"is that of an unanswered call", await client.ask(call % 0))
        self.assertIn(b'"code":"busy"', await client.ask(b'{"id":99,"op":"status"}'))
        self.node.held.callback(None)
        self.assertIn(b"making the card", await client.next())

    async def test_too_big_a_message_ends_the_connection(self) -> None:
        """No more than the limit is ever held in memory."""
        client = await self.opened()
        client.sendMessage(b'{"id":1,"op":"' + b"x" * CALL_LIMIT + b'"}')
        await client.lost
        self.assertEqual(client.close_code, 1009)
        self.assertIn(b'"state"', await (await self.opened()).ask(b'{"id":1,"op":"status"}'))

    async def test_who_does_not_read_is_not_read(self) -> None:
        """A program that calls and calls and reads nothing is not answered without end; then it gets every answer."""
        client, number = await self.opened(), 4000
        self.assertIn(b'"state"', await client.ask(b'{"id":0,"op":"status"}'))
        client.transport.pauseProducing()
        for each in range(1, number):
            client.sendMessage(b'{"id":%d,"op":"status"}' % each)
        factory: Any = self.service._factory
        (connection,) = factory.connections
        while not connection._conversation._paused and len(self.node.calls) < number:
            await deferLater(reactor, 0, lambda: None)
        for _ in range(100):  # each would read more
            await deferLater(reactor, 0, lambda: None)
        self.assertLess(len(self.node.calls), number)
        client.transport.resumeProducing()
        for _ in range(1, number):
            self.assertIn(b'"result"', await client.next())
        self.assertEqual(len(self.node.calls), number)

    async def test_no_bytes_kill_the_server(self) -> None:
        """A program that speaks no WebSocket is closed on, the next one is served."""
        for noise in (b"\x00\xff" * 300, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n"):
            lost: Deferred[None] = Deferred()

            class Noise(Protocol):
                """Sends and waits for the end."""

                def connectionMade(self, noise: bytes = noise) -> None:
                    """Twisted: say it."""
                    transport: Any = self.transport
                    transport.write(noise)
                    transport.loseWriteConnection()

                def connectionLost(self, reason: Failure = connectionDone, lost: Deferred[None] = lost) -> None:
                    """Twisted: told."""
                    lost.callback(None)

            await UNIXClientEndpoint(reactor, str(self.path)).connect(Factory.forProtocol(Noise))
            await lost.addTimeout(10, reactor)
        self.assertIn(b'"state"', await (await self.opened()).ask(b'{"id":1,"op":"status"}'))


class AnyMessageTests(SynchronousTestCase):
    """The service under messages that hypothesis draws, without a socket in between."""

    @given(st.lists(payloads, max_size=6))
    def test_each_message_gets_one_answer(self, messages: list[bytes]) -> None:
        """A result or an error of the house, whatever came before it."""
        sent: list[bytes] = []
        conversation = Conversation(Calls(Clock(), FakeNode()), sent.append)
        for number, message in enumerate(messages, 1):
            conversation.take(message)
            answers = [decode_answer(answer) for answer in sent]
            ends = [answer for answer in answers if answer.progress is UNSET]
            self.assertEqual(len(ends), number, answers)
            if ends[-1].error is not UNSET:
                self.assertNotEqual(ends[-1].error.code, "internal", ends[-1])
