"""HTTP requests and answers of the gateway for browsers as values, and its errors (RFC 9457, ``docs/web-api.rst``)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import msgspec

from lanrage.wire.local import ErrorBody

API = "/api/v1/"
"""What the addresses of the API begin with."""
JSON, PROBLEM = "application/json", "application/problem+json"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load and do: its own files and its own node, nothing else, nothing inline."""
GUARDS: Mapping[str, str] = {
    "Server": "lanrage",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every answer, refusals included."""

PROBLEMS: Mapping[str, tuple[int, str]] = {
    "foreign_host": (403, "this is not the address of this node's page"),
    "foreign_origin": (403, "a page of another origin may not ask this node"),
    "no_token": (401, "log in first: lanrage web"),
    "not_found": (404, "nothing is here"),
    "wrong_method": (405, "this is not asked for like that"),
    "length_required": (411, "say how long the body is"),
    "too_large": (413, "the body is too large"),
    "not_json": (415, "the body must be JSON, and Content-Type must say so"),
    "bad_request": (400, "this is no request of HTTP/1.1"),
}
"""What the gateway itself refuses: status and meaning, by code."""

STATUSES: Mapping[str, int] = {
    **dict.fromkeys(("bad_input", "decode", "crypto"), 400),
    **dict.fromkeys(("wrong_login",), 401),
    **dict.fromkeys(("not_allowed", "not_a_member", "banned", "revoked", "bad_token", "server_ban"), 403),
    **dict.fromkeys(("unknown_peer", "unknown_party", "unknown_invitation", "no_such_code", "other_role"), 404),
    **dict.fromkeys(("busy", "limit"), 429),
    **dict.fromkeys(("internal", "error", "answer_too_large"), 500),
    **dict.fromkeys(("unreachable", "unanswered", "version_mismatch"), 502),
    **dict.fromkeys(("stopping", "store", "missing_right", "restarting"), 503),
}
"""Statuses of operations' errors by code; another one is 409: the node's state does not allow it now."""
CONFLICT = 409


@attrs.frozen
class Asked:
    """A request that came through the door.

    :param path: with its leading slash, as it was sent.
    :param query: what came after the question mark.
    :param headers: all values of each header, by its name in lower case.
    """

    method: str
    path: str
    query: str = attrs.field(default="", repr=False)
    headers: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    def all(self, name: str) -> tuple[str, ...]:
        """The values of a header."""
        return self.headers.get(name, ())


@attrs.frozen
class Reply:
    """An answer; its headers come on top of :data:`GUARDS`."""

    status: int
    kind: str = ""
    body: bytes = attrs.field(default=b"", repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an answer that tells an error.

    :param type: names the kind of error; ``code`` is its last part.
    :param title: what the code means, where that is known beforehand.
    :param detail: one sentence for the user.
    :param field: the argument that broke a rule, where it was one.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None


NO_STORE: Mapping[str, str] = {"Cache-Control": "no-store"}


def problem(error: ErrorBody, status: int = 0, title: str = "") -> Reply:
    """An error as an answer.

    :param status: 0 = the one of :data:`STATUSES`.
    :param title: empty = the code's meaning is the detail.
    """
    status = status or STATUSES.get(error.code, CONFLICT)
    body = Problem(
        f"urn:lanrage:error:{error.code}",
        title or error.code.replace("_", " "),
        status,
        error.message,
        error.code,
        error.field,
    )
    extra = {"WWW-Authenticate": 'Bearer realm="lanrage"'} if status == 401 else {}
    return Reply(status, PROBLEM, msgspec.json.encode(body), {**NO_STORE, **extra})


def refusal(code: str, detail: str = "") -> Reply:
    """One of :data:`PROBLEMS` as an answer."""
    status, meaning = PROBLEMS[code]
    return problem(ErrorBody(code, detail or meaning), status, meaning)


def json_reply(body: bytes, status: int = 200) -> Reply:
    """A result, which is not to be kept."""
    return Reply(status, JSON, body, NO_STORE)


def raw(reply: Reply, phrase: str = "Refused") -> bytes:
    """A whole HTTP/1.1 answer that ends its connection."""
    headers = {**GUARDS, **reply.headers, "Content-Type": reply.kind, "Content-Length": str(len(reply.body))}
    lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items() if value)]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("ascii") + reply.body
