"""The OpenAPI and AsyncAPI documents of a process, from the table of operations (``docs/api.rst``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import msgspec

from lanrage import __version__
from lanrage.app.api_examples import example_of
from lanrage.app.operation import Operation
from lanrage.errors import REFUSALS
from lanrage.wire.local import END_CALL, Call, EndCall, Ended, ErrorBody

BASE = "/api/v1"
"""What the paths of all operations begin with."""
SOCKET = f"{BASE}/socket"
"""The path of the WebSocket."""
HOST = "127.0.0.1:7767"
"""Where a node's gateway listens unless it is told otherwise."""
SCHEMAS = "#/components/schemas/"

PROBLEM = {
    "type": "object",
    "description": "RFC 9457: why an operation was not carried out.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:lanrage:error:[a-z0-9_]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "one sentence for the user"},
        "code": {"type": "string", "description": f"a stable word, such as {', '.join(REFUSALS)}"},
        "field": {"type": "string", "description": "which argument broke a rule, where it was one"},
    },
    "examples": [
        {
            "type": "urn:lanrage:error:bad_input",
            "title": "bad input",
            "status": 400,
            "detail": "member_name: must be 1 to 32 characters",
            "code": "bad_input",
            "field": "member_name",
        }
    ],
}
"""What an operation that fails is answered with over HTTP."""

ABOUT = (
    "What `lanrage` does by its command line, for pages and programs of the same machine. "
    "Every operation is described by the same table as the command line."
)


def path_of(row: Operation) -> str:
    """The path of an operation: ``/api/v1/party/join`` of ``party.join``."""
    return f"{BASE}/{row.name.replace('.', '/')}"


def key_of(name: str) -> str:
    """What a message or an operation is called in the AsyncAPI document: its keys have no dots."""
    return name.replace(".", "-")


def openapi(rows: Sequence[Operation]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these operations: POST for each, GET too for those that only read."""
    references, schemas = _schemas(rows)
    return {
        "openapi": "3.1.0",
        "info": {"title": "LANrage", "version": __version__, "description": ABOUT},
        "servers": [{"url": f"http://{HOST}", "description": "the node of this machine"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(row) for row in rows)],
        "paths": {path_of(row): _path(row, references, schemas) for row in rows},
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM},
            "responses": {"Problem": _content("application/problem+json", f"{SCHEMAS}Problem", "It was not done.")},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "of the session; `lanrage web` begins one"}
            },
        },
    }


def asyncapi(rows: Sequence[Operation]) -> dict[str, Any]:
    """The AsyncAPI 3 document of the messages over the WebSocket, and over a process's UNIX socket."""
    references, schemas = _schemas(rows)
    messages = {key_of(message["name"]): message for message in _messages(rows, references)}
    refer = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "LANrage", "version": __version__, "description": ABOUT},
        "defaultContentType": "application/json",
        "servers": {
            "node": {
                "host": HOST,
                "protocol": "ws",
                "description": "the node of this machine; subprotocol `lanrage.v1`, with the token as another one",
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            }
        },
        "channels": {"socket": {"address": SOCKET, "messages": refer}},
        "operations": {key_of(row.name): _operation(row) for row in rows} | {key_of(END_CALL): _end_operation()},
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "httpApiKey",
                    "in": "header",
                    "name": "Sec-WebSocket-Protocol",
                    "description": "`lanrage.v1, token.TOKEN`: browsers cannot set other headers",
                }
            },
        },
    }


def _tag(row: Operation) -> str:
    return row.name.partition(".")[0]


def _schemas(rows: Iterable[Operation]) -> tuple[dict[type, str], dict[str, Any]]:
    """Of all requests and results: where each is, and all of them by name."""
    kinds = list(dict.fromkeys(kind for row in rows for kind in (row.request, row.result)))
    kinds += [ErrorBody, EndCall, Ended]
    found, components = msgspec.json.schema_components(kinds, ref_template=f"{SCHEMAS}{{name}}")
    references = {kind: each["$ref"] for kind, each in zip(kinds, found, strict=True)}
    return references, {name: _portable(each) for name, each in components.items()}


def _portable(schema: Any) -> Any:
    """A schema whose patterns are those of JSON Schema: ``\\Z`` is Python's."""
    if isinstance(schema, dict):
        return {
            key: each.replace("\\Z", "$") if key == "pattern" and isinstance(each, str) else _portable(each)
            for key, each in schema.items()
        }
    return [_portable(each) for each in schema] if isinstance(schema, list) else schema


def _content(kind: str, reference: str, description: str) -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": {"$ref": reference}}}}


def _path(row: Operation, references: dict[type, str], schemas: dict[str, Any]) -> dict[str, Any]:
    example = example_of(row)
    body: dict[str, Any] = {"schema": {"$ref": references[row.request]}}
    if example is not None:
        body["example"] = example
    required = any(field.required for field in msgspec.structs.fields(row.request))
    common = {
        "tags": [_tag(row)],
        "summary": row.help,
        "description": f"By the command line: `{row.example}`",
        "responses": {
            "200": _content("application/json", references[row.result], "It was done."),
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    post = {"requestBody": {"required": required, "content": {"application/json": body}}}
    path: dict[str, Any] = {"post": {"operationId": row.name, **common, **post}}
    if row.reads:
        schema = schemas[references[row.request].removeprefix(SCHEMAS)]
        path["get"] = {"operationId": f"{row.name}.get", **common, "parameters": _parameters(schema, example or {})}
    return path


def _parameters(schema: dict[str, Any], example: dict[str, Any]) -> list[dict[str, Any]]:
    """The arguments of an operation as a query."""
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": rule,
            **({"example": example[name]} if name in example else {}),
        }
        for name, rule in schema.get("properties", {}).items()
    ]


def _messages(rows: Sequence[Operation], references: dict[type, str]) -> Iterable[dict[str, Any]]:
    for row in rows:
        yield _call(row.name, references[row.request], row.reads, f"Asks for {row.name}.", example_of(row))
        yield _answer(f"{row.name}.result", "result", {"$ref": references[row.result]}, f"{row.name} was done.")
        if row.reads:
            told = f"What the result of {row.name}, which is watched, is now."
            yield _answer(f"{row.name}.event", "event", {"$ref": references[row.result]}, told)
    yield _call(END_CALL, references[EndCall], False, "Ends a call that watches or takes long.", {"id": 1})
    yield _answer(f"{END_CALL}.result", "result", {"$ref": references[Ended]}, "Whether there was a call to end.")
    yield _answer("progress", "progress", {"type": "string"}, "A stage of a long operation.")
    yield _answer("error", "error", {"$ref": references[ErrorBody]}, "Why it was not done; id null: unreadable.", True)


def _call(name: str, args: str, watched: bool, summary: str, example: dict[str, Any] | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": _rules()["id"], "op": {"const": name}, "args": {"$ref": args}}
    fields["correlation_id"] = _rules()["correlation_id"]
    if watched:
        fields["watch"] = _rules()["watch"]
    payload = {"type": "object", "required": ["id", "op"], "properties": fields, "additionalProperties": False}
    message: dict[str, Any] = {"name": f"{name}.call", "summary": summary, "payload": payload}
    if example is not None:
        message["examples"] = [{"payload": {"id": 7, "op": name, "args": example}}]
    return message


def _answer(name: str, field: str, schema: Any, summary: str, lost: bool = False) -> dict[str, Any]:
    number = _rules()["id"]
    fields = {"id": {"oneOf": [number, {"type": "null"}]} if lost else number, field: schema}
    payload = {"type": "object", "required": ["id", field], "properties": fields, "additionalProperties": False}
    return {"name": name, "summary": summary, "payload": payload}


@cache
def _rules() -> dict[str, dict[str, Any]]:
    """The rules of a call's own fields."""
    _, components = msgspec.json.schema_components([Call])
    rules: dict[str, dict[str, Any]] = _portable(components["Call"]["properties"])
    return rules


def _operation(row: Operation) -> dict[str, Any]:
    answers = [f"{row.name}.result", *(["progress"] if row.long else []), *([f"{row.name}.event"] if row.reads else [])]
    return _exchange(row.name, row.help, [*answers, "error"])


def _end_operation() -> dict[str, Any]:
    return _exchange(
        END_CALL, "End a call of this connection that watches or takes long.", [f"{END_CALL}.result", "error"]
    )


def _exchange(name: str, summary: str, answers: Iterable[str]) -> dict[str, Any]:
    """A call that the process receives, and its answers, in AsyncAPI's terms."""
    channel = {"$ref": "#/channels/socket"}
    return {
        "action": "receive",
        "channel": channel,
        "summary": summary,
        "messages": [{"$ref": f"#/channels/socket/messages/{key_of(name)}-call"}],
        "reply": {
            "channel": channel,
            "messages": [{"$ref": f"#/channels/socket/messages/{key_of(answer)}"} for answer in answers],
        },
    }
