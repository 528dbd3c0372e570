"""The OpenAPI and AsyncAPI documents: they are valid, hold every operation, and say what is really sent."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from msgspec import UNSET
from openapi_spec_validator import OpenAPIV31SpecValidator
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.api_calls import Calls
from lanrage.app.api_documents import asyncapi, key_of, openapi, path_of
from lanrage.app.api_examples import example_of
from lanrage.app.operations import OPERATIONS
from lanrage.wire.local import Call, encode
from tests.api_line import Line
from tests.fakes_node import FakeNode

ROWS = tuple(OPERATIONS.values())


def references(value: Any) -> Iterator[str]:
    """All that a document refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def at(document: Any, reference: str) -> Any:
    """What a reference of a document means."""
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


class OpenApiTests(SynchronousTestCase):
    """The document of the HTTP API."""

    def setUp(self) -> None:
        """As it is sent: JSON."""
        self.document = json.loads(json.dumps(openapi(ROWS)))

    def test_it_is_valid(self) -> None:
        """By the official schema, its examples' and references' rules included."""
        self.assertEqual([str(error) for error in OpenAPIV31SpecValidator(self.document).iter_errors()], [])

    def test_every_operation(self) -> None:
        """POST for each with its request, its result and its help; GET for those alone that read; a token for all."""
        self.assertEqual(list(self.document["paths"]), [path_of(row) for row in ROWS])
        for row in ROWS:
            path = self.document["paths"][path_of(row)]
            self.assertEqual(set(path), {"post", "get"} if row.reads else {"post"}, row.name)
            for method in path.values():
                self.assertEqual((method["summary"], "security" in method), (row.help, False))
                result = at(self.document, method["responses"]["200"]["content"]["application/json"]["schema"]["$ref"])
                self.assertEqual(set(result["properties"]), set(row.result.__struct_fields__))
                self.assertEqual(method["responses"]["default"], {"$ref": "#/components/responses/Problem"})
            if row.reads:
                names = [parameter["name"] for parameter in path["get"]["parameters"]]
                self.assertEqual(names, list(row.request.__struct_fields__))
        self.assertEqual(self.document["security"], [{"token": []}])

    def test_examples(self) -> None:
        """What is shown as an example fits its schema, and shown it is for every operation."""
        for row in ROWS:
            body = self.document["paths"][path_of(row)]["post"]["requestBody"]["content"]["application/json"]
            schema = {**body["schema"], "components": self.document["components"]}
            Draft202012Validator(schema).validate(body["example"])

    def test_no_rule_is_pythons_own(self) -> None:
        """Patterns are those of JSON Schema: ``\\Z`` is none there."""
        self.assertNotIn("\\\\Z", json.dumps(self.document))


class AsyncApiTests(SynchronousTestCase):
    """The document of the WebSocket API."""

    def setUp(self) -> None:
        """As it is sent: JSON."""
        self.document = json.loads(json.dumps(asyncapi(ROWS)))

    def check(self, name: str, message: bytes) -> None:
        """A message is as the document says."""
        schema = {"$ref": f"#/components/messages/{key_of(name)}/payload", "components": self.document["components"]}
        Draft202012Validator(schema).validate(json.loads(message))

    def test_it_is_valid(self) -> None:
        """By the object model of AsyncAPI 3; and all that it refers to is there."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from asyncapi3 import AsyncAPI3
        AsyncAPI3.model_validate(self.document)
        for reference in references(self.document):
            self.assertIsInstance(at(self.document, reference), dict, reference)

    def test_what_is_really_sent(self) -> None:
        """Each operation's call, and each answer of a node to it, are as the document says."""
        seen: set[str] = set()
        for watch in (False, True):
            for row in ROWS:
                clock, node = Clock(), FakeNode()
                line = Line(Calls(clock, node))
                line.say("party.join", {"code": "LR1-x", "member_name": "Ann"})
                call = Call(9, row.name, example_of(row) or {}, watch=watch and row.reads)
                self.check(f"{row.name}.call", encode(call))
                line.conversation.take(encode(call))
                clock.advance(0)
                for answer in (each for each in line.answers if each.id == 9):
                    kinds = ("result", "event", "progress", "error")
                    kind = next(kind for kind in kinds if getattr(answer, kind) is not UNSET)
                    self.assertFalse("bad_input" in str(answer.error) and not row.held, (row.name, answer))
                    self.check(f"{row.name}.{kind}" if kind in ("result", "event") else kind, encode(answer))
                    seen.add(kind)
        self.flushLoggedErrors(AssertionError)  # of fakes that take one game's name alone
        self.assertEqual(seen, {"result", "event", "progress", "error"})
        self.check("call.end.call", encode(Call(1, "call.end", {"id": 9})))
