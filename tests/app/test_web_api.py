"""The operations over HTTP: arguments, results, errors, documents and files."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.operation import Nothing
from lanrage.app.operations import OPERATIONS
from lanrage.app.operations_servers import SERVERS
from lanrage.app.web_arguments import ARGUMENTS_LIMIT, arguments_of
from lanrage.app.web_files import PLOTLY, answer_file, list_files
from lanrage.errors import REFUSALS, BadInput, LanrageError, Refused, Unreachable
from lanrage.wire.local import ErrorBody, convert_args
from lanrage.wire.web import API, CONFLICT, PROBLEMS, STATUSES, Asked, problem
from tests.web_case import WebCase, shown

LIST = next(row.request for row in SERVERS if row.name == "servers.list")
JSON = "Content-Type: application/json"


class Everything(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of every type that operations have."""

    text: str = ""
    number: int = 0
    fraction: float = 0.0
    truth: bool = False
    perhaps: int | None = None
    words: list[str] = []
    names: dict[str, str] = {}


everything = st.builds(
    Everything,
    text=st.text(max_size=20),
    number=st.integers(-(2**53), 2**53),
    fraction=st.floats(allow_nan=False, allow_infinity=False),
    truth=st.booleans(),
    perhaps=st.none() | st.integers(0, 99),
    words=st.lists(st.text(max_size=9), max_size=3),
    names=st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
)


def query_of(value: msgspec.Struct) -> str:
    """As a page builds an address: texts as they are, anything else as JSON."""
    plain = msgspec.to_builtins(value)
    return urlencode({name: each if isinstance(each, str) else json.dumps(each) for name, each in plain.items()})


class QueryTests(SynchronousTestCase):
    """:func:`arguments_of`."""

    @given(everything)
    def test_there_and_back(self, value: Everything) -> None:
        """Every argument of every type comes out as it went in."""
        self.assertEqual(value, msgspec.convert(arguments_of(query_of(value), Everything), Everything))

    @given(st.text(max_size=60))
    def test_any_text(self, query: str) -> None:
        """Any text gives arguments in JSON's types, or one error that names a field."""
        for request in (Everything, LIST, Nothing):
            try:
                msgspec.json.encode(arguments_of(query, request))
            except BadInput as error:
                self.assertTrue(error.field)

    def test_words(self) -> None:
        """Truth values, numbers and null as people write them."""
        args = arguments_of("room=true&players=2&text=a%20b+c&favourite=1&game=", LIST)
        self.assertEqual({"room": True, "players": 2, "text": "a b c", "favourite": True, "game": ""}, args)
        convert_args(args, LIST)
        self.assertEqual({"perhaps": None}, arguments_of("perhaps=null", Everything))
        self.assertEqual({}, arguments_of("", LIST))

    def test_refusals(self) -> None:
        """Each broken rule by the argument's name; what is not known is left for the operation to refuse."""
        for query, field in (
            ("players=many", "players"),
            ("room=perhaps", "room"),
            ("players=1&players=2", "players"),
            ("x=1&x=2", "query"),
            ("novalue", "query"),
            ("text=%ff", "query"),
            ("&".join(f"a{number}=1" for number in range(ARGUMENTS_LIMIT + 1)), "query"),
        ):
            self.assertEqual(field, self.assertRaises(BadInput, arguments_of, query, LIST).field, query)
        self.assertRaises(BadInput, convert_args, arguments_of("x=1", LIST), LIST)

    def test_no_argument_is_out_of_reach(self) -> None:
        """Each operation that reads can be asked by GET with its defaults written out."""
        for row in OPERATIONS.values():
            fields = msgspec.structs.fields(row.request)
            if row.reads and not any(field.required for field in fields):
                plain = msgspec.to_builtins(row.request())
                query = query_of(msgspec.defstruct("Q", list(plain), namespace={})(**plain)) if plain else ""
                self.assertEqual(row.request(), convert_args(arguments_of(query, row.request), row.request), row.name)


class ProblemTests(SynchronousTestCase):
    """Errors as RFC 9457 has them."""

    def test_statuses(self) -> None:
        """Every code has a status of its kind; those that are listed exist."""
        known = {
            *REFUSALS,
            *(kind.code for kind in _below(LanrageError)),
            "error",
            "internal",
            "stopping",
            "restarting",
        }
        self.assertEqual(set(), set(STATUSES) - known)
        self.assertEqual(set(), set(PROBLEMS) & known)
        for code in known:
            reply = problem(ErrorBody(code, "a sentence", "name"))
            self.assertEqual(STATUSES.get(code, CONFLICT), reply.status)
            self.assertTrue(400 <= reply.status < 600)
            told = json.loads(reply.body)
            self.assertEqual(
                {"type", "title", "status", "detail", "code", "field"}, set(told) | ({"field"} if code else set())
            )
            self.assertEqual(
                (f"urn:lanrage:error:{code}", reply.status, "a sentence"),
                (told["type"], told["status"], told["detail"]),
            )


def _below(kind: type[LanrageError]) -> list[type[LanrageError]]:
    return [each for sub in kind.__subclasses__() for each in (sub, *_below(sub))]


class ApiTests(WebCase):
    """Over real HTTP."""

    def test_calls(self) -> Deferred[None]:
        """GET with a query, POST with an object, HEAD without a body: the same operation, the same result."""

        async def life() -> None:
            token = shown(await self.log_in())
            asked = await self.ask("GET /api/v1/games/history?limit=3", token)
            posted = await self.ask("POST /api/v1/games/history", token, JSON, body=b'{"limit": 3}')
            self.assertEqual((200, asked.body), (asked.status, posted.body))
            self.assertEqual("no-store", asked.headers["cache-control"])
            head = await self.ask("HEAD /api/v1/games/history?limit=3", token)
            self.assertEqual((200, b"", str(len(asked.body))), (head.status, head.body, head.headers["content-length"]))
            made = await self.ask(
                "POST /api/v1/party/join", token, JSON, body=b'{"code": "LR1-x", "member_name": "Ann"}'
            )
            self.assertEqual((200, "10.66.0.1"), (made.status, made.json["address"]))

        return self.run_async(life())

    def test_errors(self) -> Deferred[None]:
        """By the operation's own code, with a status of its kind, and the argument where it was one."""

        async def life() -> None:
            token = shown(await self.log_in())

            async def told(line: str, body: bytes = b"") -> tuple[int, str, Any]:
                got = await self.ask(line, token, JSON, body=body)
                self.assertEqual("application/problem+json", got.headers["content-type"])
                return got.status, got.json["code"], got.json.get("field")

            self.assertEqual((409, "not_in_party", None), await told("GET /api/v1/party/show"))
            self.assertEqual((400, "bad_input", "name"), await told("POST /api/v1/party/rename", b'{"name": ""}'))
            self.assertEqual((400, "bad_input", "limit"), await told("GET /api/v1/games/history?limit=x"))
            self.assertEqual((400, "bad_input", "body"), await told("POST /api/v1/party/rename", b"[1]"))
            self.assertEqual((404, "not_found", None), await told("GET /api/v1/party.show"))
            self.assertEqual((404, "not_found", None), await told("GET /api/v1/"))
            self.assertEqual((405, "wrong_method", None), await told("PUT /api/v1/status"))
            self.node.failures["status"] = Unreachable("nobody is there")
            self.assertEqual((502, "unreachable", None), await told("GET /api/v1/status"))
            self.node.failures["status"] = Refused("limit", "enough")
            self.assertEqual((429, "limit", None), await told("GET /api/v1/status"))
            self.node.failures["status"] = ValueError("secret words")
            got = await self.ask("GET /api/v1/status", token)
            self.assertEqual((500, "internal", False), (got.status, got.json["code"], b"secret" in got.body))
            self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

        return self.run_async(life())

    def test_documents(self) -> Deferred[None]:
        """Without a token: what describes the API, of the operations that are done here."""

        async def life() -> None:
            api = (await self.ask("GET /api/v1/openapi.json")).json
            here = {f"/{name.replace('.', '/')}" for name, row in OPERATIONS.items() if not row.local}
            named = {path.removeprefix(API.rstrip("/")) for path in api["paths"]}
            self.assertEqual(set(), here - named)
            self.assertFalse(any(path.endswith(("web/open", "run/open")) for path in named))
            self.assertIn("asyncapi", (await self.ask("GET /api/v1/asyncapi.json")).json)
            self.assertEqual(405, (await self.ask("POST /api/v1/openapi.json", JSON, body=b"{}")).status)

        return self.run_async(life())

    def test_reserved_paths(self) -> None:
        """No operation is called as something else of the API."""
        self.assertEqual(set(), {"session", "socket", "openapi.json", "asyncapi.json"} & set(OPERATIONS))


class FileTests(SynchronousTestCase):
    """The page's files."""

    def setUp(self) -> None:
        """A folder with files to serve, and others."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-web-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "js").mkdir()
        for name in ("index.html", "js/main.js", "notes.txt~", "secret.key", "icon.svg"):
            (self.folder / name).write_text(name)
        self.files = list_files(self.folder)

    def test_listed_at_the_start(self) -> None:
        """Those of known kinds, by their path; the first page at the root; what comes later is not there."""
        (self.folder / "later.js").write_text("")
        self.assertEqual({"/", "/index.html", "/js/main.js", "/icon.svg"}, set(self.files) - {PLOTLY})
        reply = answer_file(self.files, Asked("GET", "/"))
        self.assertEqual((200, b"index.html", "text/html; charset=utf-8"), (reply.status, reply.body, reply.kind))
        self.assertEqual("text/javascript; charset=utf-8", answer_file(self.files, Asked("GET", "/js/main.js")).kind)
        self.assertEqual(404, answer_file(self.files, Asked("GET", "/later.js")).status)
        self.assertEqual(405, answer_file(self.files, Asked("POST", "/")).status)

    def test_kept(self) -> None:
        """A browser that has it is told so; kept it is, whatever becomes of the file."""
        reply = answer_file(self.files, Asked("GET", "/icon.svg"))
        (self.folder / "icon.svg").write_text("other")
        known = Asked("GET", "/icon.svg", headers={"if-none-match": (f'"x", {reply.headers["ETag"]}',)})
        self.assertEqual((304, b""), (answer_file(self.files, known).status, answer_file(self.files, known).body))
        self.assertEqual(reply, answer_file(self.files, Asked("GET", "/icon.svg")))

    def test_no_folder(self) -> None:
        """Without a page nothing is listed but the library for plots, where that is installed."""
        self.assertEqual(set(), set(list_files(self.folder / "none")) - {PLOTLY})
