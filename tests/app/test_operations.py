"""The table of operations: what it checks, what it calls, and that the documentation holds it."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import attrs
import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from lanrage.app.operation import Operation
from lanrage.app.operations import OPERATIONS, INode, perform, reference
from lanrage.errors import BadInput, LanrageError
from tests.fakes_node import RULE, FakeNode

DOCS = Path(__file__).resolve().parents[2] / "docs"
CREATE = {"name": "Friday", "server": "127.0.0.1:7766", "member_name": "Ann"}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def takes_nothing(row: Operation) -> bool:
    """Whether an operation can be asked without arguments."""
    return not any(field.required for field in msgspec.structs.fields(row.request))


class OperationTests(SynchronousTestCase):
    """Each operation by its row."""

    def setUp(self) -> None:
        """A node in no party."""
        self.node = FakeNode()

    def perform(self, name: str, args: dict[str, Any], stages: list[str] | None = None) -> dict[str, Any]:
        """Carry out at once."""
        progress = None if stages is None else stages.append
        return self.successResultOf(Deferred.fromCoroutine(perform(self.node, name, args, progress)))

    def outcome(self, name: str) -> Any:
        """The result, or why there is none."""
        outcome: list[Any] = []
        Deferred.fromCoroutine(perform(self.node, name, {})).addBoth(outcome.append)
        return outcome[0] if isinstance(outcome[0], dict) else str(outcome[0].value)

    def refused(self, name: str, args: dict[str, Any]) -> tuple[str, str]:
        """The field and the rule that were broken; the node was not asked."""
        failure = self.failureResultOf(Deferred.fromCoroutine(perform(self.node, name, args)), BadInput)
        self.assertEqual(self.node.calls, [])
        return failure.value.field, failure.value.rule

    def test_the_fake_is_a_node(self) -> None:
        """What the tests stand on has the methods of a node."""
        verifyObject(INode, self.node)

    def test_every_row_has_its_method(self) -> None:
        """The method exists and takes the request's fields by their names, and progress where the row says so."""
        for operation in OPERATIONS.values():
            names = list(signature(getattr(FakeNode, operation.method)).parameters)[1:]
            fields = list(operation.request.__struct_fields__)
            extra = ["progress"] * operation.long + ["caller"] * (operation.held or operation.asked)
            self.assertEqual(sorted(names), sorted(fields + extra), operation.name)
            self.assertTrue(operation.help.endswith("."), operation.help)
            self.assertTrue(operation.example.startswith("lanrage "), operation.example)

    def test_those_that_read(self) -> None:
        """They are neither long nor held, and nothing is other when they were asked."""
        for operation in OPERATIONS.values():
            self.assertFalse(operation.reads and (operation.long or operation.held), operation.name)
        self.perform("party.join", {"code": "LR1-x", "member_name": "Ann"})
        before = {**attrs.asdict(self.node), "calls": None}
        read = [row.name for row in OPERATIONS.values() if row.reads and takes_nothing(row)]
        self.assertIn("status", read)
        self.assertEqual(*[[self.outcome(name) for name in read] for _ in range(2)])
        self.assertEqual({**attrs.asdict(self.node), "calls": None}, before)

    def test_every_result_has_its_shape(self) -> None:
        """What a node gives back is of the row's result type."""
        for name in ("party.create", "party.show", "party.invite", "status", "diagnose", "party.leave"):
            result = self.perform(name, CREATE if name == "party.create" else {})
            self.assertEqual(msgspec.to_builtins(msgspec.convert(result, OPERATIONS[name].result)), result)
        result = self.perform("party.join", {"code": "LR1-x", "member_name": "Ann"})
        msgspec.convert(result, OPERATIONS["party.join"].result)

    def test_arguments_and_defaults(self) -> None:
        """The node gets every argument, defaults filled in, whole hours as a number."""
        stages: list[str] = []
        self.perform("party.create", {**CREATE, "expires_hours": 3}, stages)
        self.assertEqual(self.node.calls, [("create_party", "Friday", "127.0.0.1:7766", "Ann", 16, 3.0, 16, *RULE)])
        self.assertEqual(stages, ["asking the control server"])

    def test_bad_arguments_name_field_and_rule(self) -> None:
        """Each broken rule is told in words, with the field's name."""
        name_rule = "must be 1 to 32 characters, without control characters and without blanks at its ends"
        server_rule = "must be HOST:PORT of a control server, or empty for the one that the node is set to"
        cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
            ({"name": ""}, ("name", name_rule)),
            ({"name": "a\x1b[31m"}, ("name", name_rule)),
            ({"member_name": 5}, ("member_name", name_rule)),
            ({"server": "nowhere"}, ("server", server_rule)),
            ({"max_members": 65}, ("max_members", "must be a whole number from 2 to 64")),
            ({"max_members": True}, ("max_members", "must be a whole number from 2 to 64")),
            ({"uses": 1.5}, ("uses", "must be a whole number from 1 to 64")),
            ({"expires_hours": 0}, ("expires_hours", "must be a number of hours, more than 0 and at most 8784")),
            (
                {"expires_hours": float("inf")},
                ("expires_hours", "must be a number of hours, more than 0 and at most 8784"),
            ),
            (
                {"expires_hours": float("nan")},
                ("expires_hours", "must be a number of hours, more than 0 and at most 8784"),
            ),
        ]
        for change, expected in cases:
            self.assertEqual(self.refused("party.create", {**CREATE, **change}), expected)
        field, rule = self.refused("party.join", {"code": "LR1-x"})
        self.assertEqual((field, rule.partition(":")[0]), ("member_name", "is required"))
        self.assertEqual(
            self.refused("party.leave", {"force": 1}), ("args", "'force' is not known here; known are: none")
        )
        field, rule = self.refused("party.eat", {})
        self.assertEqual((field, rule[:33]), ("op", "'party.eat' is not known here; kn"))

    @given(st.sampled_from(sorted(OPERATIONS)), st.dictionaries(st.text(max_size=12), json_values, max_size=4))
    def test_any_arguments(self, name: str, args: dict[str, Any]) -> None:
        """Any arguments are carried out or refused by an error of the house."""
        outcome: list[Any] = []
        Deferred.fromCoroutine(perform(FakeNode(), name, args)).addBoth(outcome.append)
        if not isinstance(outcome[0], dict):
            self.assertTrue(outcome[0].check(LanrageError), outcome[0])

    def test_the_documentation_holds_the_table(self) -> None:
        """docs/api.rst holds the table as the code gives it."""
        self.assertIn(reference(), (DOCS / "api.rst").read_text(encoding="utf-8"))
