"""The operations over HTTP, for the page and for programs that like it better than a socket (``docs/web-api.rst``)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

import attrs
import msgspec
from msgspec import UNSET, Meta
from twisted.internet.defer import Deferred

from lanrage.app.api_calls import Calls
from lanrage.app.caller import Caller
from lanrage.app.operation import Operation, Request
from lanrage.app.operations import OPERATIONS
from lanrage.app.web_arguments import arguments_of
from lanrage.app.web_documents import WebDocuments
from lanrage.app.web_files import WebFile, answer_file
from lanrage.app.web_login import WebLogin
from lanrage.core.web_door import bearer, is_json
from lanrage.core.web_sessions import Session
from lanrage.errors import BadInput, LanrageError
from lanrage.wire.local import Answer, Call, ErrorBody, convert_args
from lanrage.wire.web import API, CONFLICT, NO_STORE, STATUSES, Asked, Reply, json_reply, problem, refusal

SESSION = f"{API}session"
"""Where one logs in and out."""


class LogIn(Request, frozen=True):
    """The body of ``POST /api/v1/session``."""

    code: Annotated[str, Meta(max_length=64, description="the code of a link to the page")]


class WebApi:
    """Answers requests that came through the door.

    :param calls: carries the operations out.
    :param documents: describe those that are done here.
    :param files: everything that is not of the API.
    """

    def __init__(self, calls: Calls, login: WebLogin, documents: WebDocuments, files: Mapping[str, WebFile]) -> None:
        self._calls, self._login, self._documents, self._files = calls, login, documents, files

    async def answer(self, asked: Asked, finished: Deferred[Any]) -> Reply:
        """Answer one.

        :param finished: fires when the answer is sent, or nobody waits for it any more.
        """
        try:
            if not asked.path.startswith(API):
                return answer_file(self._files, asked)
            if asked.path in self._documents:
                return await self._document(asked)
            if asked.path == SESSION and asked.method == "POST":
                return self._log_in(asked)
            session = self._login.find(bearer(asked.all("authorization")))
            if session is None:
                return refusal("no_token")
            if asked.path == SESSION:
                return self._log_out(session) if asked.method == "DELETE" else wrong_method("POST, DELETE")
            return await self._operate(asked, session, finished)
        except LanrageError as error:
            field = error.field if isinstance(error, BadInput) else None
            return problem(ErrorBody(error.code, str(error), field))

    async def _document(self, asked: Asked) -> Reply:
        if asked.method not in ("GET", "HEAD"):
            return wrong_method("GET, HEAD")
        return json_reply(await self._documents.body(asked.path))

    def _log_in(self, asked: Asked) -> Reply:
        if not is_json(asked.all("content-type")):
            return refusal("not_json")
        token, lasts = self._login.log_in(convert_args(_object(asked.body), LogIn).code)
        return json_reply(msgspec.json.encode({"token": token, "expires": int(time.time() + lasts)}))

    def _log_out(self, session: Session) -> Reply:
        self._login.log_out(session)
        return Reply(204, headers=NO_STORE)

    async def _operate(self, asked: Asked, session: Session, finished: Deferred[Any]) -> Reply:
        name = asked.path.removeprefix(API).replace("/", ".")
        row = OPERATIONS.get(name) if "." not in asked.path.removeprefix(API) else None
        if row is None or row.local:
            return refusal("not_found", f"this is no operation here; {API}openapi.json tells them all")
        if asked.method in ("GET", "HEAD") and row.reads:
            args = arguments_of(asked.query, row.request)
        elif asked.method == "POST":
            if not is_json(asked.all("content-type")):
                return refusal("not_json")
            args = _object(asked.body)
        else:
            return wrong_method("GET, HEAD, POST" if row.reads else "POST")
        answer = await self._call(row, args, session, finished)
        return answered(answer)

    async def _call(self, row: Operation, args: dict[str, Any], session: Session, finished: Deferred[Any]) -> Answer:
        """Carry an operation out; what lasts as long as its caller's connection lasts as long as this request."""
        caller = Caller(session.user, lambda: None, by_web=True)
        answers: list[Answer] = []
        finished.addBoth(lambda _: caller.lost())
        running = self._calls.start(Call(0, row.name, args), answers.append, caller)
        await running.done
        return answers[-1]


def wrong_method(allowed: str) -> Reply:
    """The path is right, the method is not."""
    reply = refusal("wrong_method")
    return attrs.evolve(reply, headers={**reply.headers, "Allow": allowed})


def answered(answer: Answer) -> Reply:
    """The end of a call as an answer over HTTP."""
    if answer.error is UNSET:
        return json_reply(msgspec.json.encode(answer.result))
    assert isinstance(answer.error, ErrorBody)
    return problem(answer.error, STATUSES.get(answer.error.code, CONFLICT))


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body.

    :raises BadInput: field ``body``.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("body", "must be a JSON object") from error
    if not isinstance(value, dict):
        raise BadInput("body", "must be a JSON object")
    return value
