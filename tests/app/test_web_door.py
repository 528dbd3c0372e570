"""Whom the gateway answers, over real HTTP: other origins, other names, other sites' forms, no token."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from lanrage.wire.web import GUARDS
from tests.fakes_web import CODE
from tests.web_case import USER, Got, WebCase, shown

JSON = "Content-Type: application/json"


class DoorTests(WebCase):
    """Refused before the node hears of it."""

    def refused(self, got: Got, status: int, code: str) -> None:
        """This problem, with every header that an answer has; the node was not asked."""
        self.assertEqual((status, "application/problem+json"), (got.status, got.headers["content-type"]))
        self.assertEqual(
            (code, status, f"urn:lanrage:error:{code}"), tuple(got.json[x] for x in ("code", "status", "type"))
        )
        self.assertEqual(dict(GUARDS), {name: got.headers.get(name.lower()) for name in GUARDS})
        self.assertEqual([], self.node.calls)

    def test_origin(self) -> Deferred[None]:
        """A page of another origin is refused whatever it asks for and knows; another port is another origin."""

        async def life() -> None:
            token = await self.log_in()
            for origin in (
                "http://evil.example",
                "null",
                "http://127.0.0.1:1",
                f"https://{self.host}",
                "http://localhost",
            ):
                for line in ("GET /", "GET /api/v1/status", "GET /api/v1/openapi.json", "OPTIONS /api/v1/status"):
                    self.refused(await self.ask(line, shown(token), f"Origin: {origin}"), 403, "foreign_origin")
            got = await self.ask("GET /api/v1/status", shown(token), f"Origin: http://{self.host}")
            self.assertEqual(200, got.status)
            self.assertEqual([], [name for name in got.headers if name.startswith("access-control")])

        return self.run_async(life())

    def test_rebinding(self) -> Deferred[None]:
        """A name that was made to point here, another port's name, none, two, or one in the request's first line."""

        async def life() -> None:
            token = await self.log_in()
            for host in ("evil.example", f"evil.example:{self.port}", "127.0.0.1:1", "localhost", ""):
                for line in ("GET /", "GET /api/v1/status", "POST /api/v1/session"):
                    self.refused(await self.ask(line, shown(token), host=host), 403, "foreign_host")
            self.refused(await self.ask("GET /", f"Host: {self.host}"), 403, "foreign_host")
            self.refused(await self.ask(f"GET http://{self.host}/"), 400, "bad_request")
            local = f"localhost:{self.port}"
            got = await self.ask("GET /api/v1/status", shown(token), f"Origin: http://{local}", host=local)
            self.assertEqual(200, got.status)

        return self.run_async(life())

    def test_csrf(self) -> Deferred[None]:
        """What another site's forms and images can send changes nothing: no token, no JSON, or said to be foreign."""

        async def life() -> None:
            token, body = await self.log_in(), b'{"name": "x"}'
            for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
                form = f"Content-Type: {kind}"
                self.refused(await self.ask("POST /api/v1/party/rename", form, body=body), 401, "no_token")
                self.refused(
                    await self.ask("POST /api/v1/party/rename", shown(token), form, body=body), 415, "not_json"
                )
                self.refused(await self.ask("POST /api/v1/session", form, body=b'{"code": "x"}'), 415, "not_json")
            self.refused(await self.ask("POST /api/v1/party/rename", shown(token), body=body), 415, "not_json")
            self.refused(await self.ask("GET /api/v1/party/leave", shown(token)), 405, "wrong_method")
            for site in ("cross-site", "same-site"):
                word = (shown(token), f"Sec-Fetch-Site: {site}")
                self.refused(await self.ask("GET /api/v1/status", *word), 403, "foreign_origin")
                self.refused(await self.ask("GET /", *word, "Sec-Fetch-Mode: no-cors"), 403, "foreign_origin")
                link = await self.ask("GET /", *word, "Sec-Fetch-Mode: navigate")
                self.assertNotEqual(403, link.status)

        return self.run_async(life())

    def test_token(self) -> Deferred[None]:
        """None, a wrong one, one in a wrong place, and one whose session is closed."""

        async def life() -> None:
            token = await self.log_in()
            wrong = (
                "",
                shown(token[:-1] + "!"),
                shown(token[::-1]),
                f"Authorization: Basic {token}",
                f"Cookie: token={token}",
            )
            for header in wrong:
                got = await self.ask("GET /api/v1/status", *([header] if header else []))
                self.refused(got, 401, "no_token")
                self.assertEqual('Bearer realm="lanrage"', got.headers["www-authenticate"])
            self.refused(await self.ask(f"GET /api/v1/status?token={token}"), 401, "no_token")
            self.assertEqual(200, (await self.ask("GET /api/v1/status", shown(token))).status)
            self.node.calls.clear()
            self.assertEqual(204, (await self.ask("DELETE /api/v1/session", shown(token))).status)
            self.refused(await self.ask("GET /api/v1/status", shown(token)), 401, "no_token")
            self.refused(await self.ask("DELETE /api/v1/session", shown(token)), 401, "no_token")

        return self.run_async(life())

    def test_login_codes_and_token(self) -> Deferred[None]:
        """A code counts once; a wrong one, none, and what is no object are refused."""

        async def life() -> None:
            code = self.code()
            body = f'{{"code": "{code}"}}'.encode()
            self.assertEqual(200, (await self.ask("POST /api/v1/session", JSON, body=body)).status)
            self.refused(await self.ask("POST /api/v1/session", JSON, body=body), 401, "wrong_login")
            wrong = f'{{"code": "{CODE}"}}'.encode()
            self.refused(await self.ask("POST /api/v1/session", JSON, body=wrong), 401, "wrong_login")
            for bad in (b"", b"{}", b"[]", b'{"code": 7}', b'{"code": "x", "more": 1}', b"\xff", b"[" * 5000):
                self.refused(await self.ask("POST /api/v1/session", JSON, body=bad), 400, "bad_input")

        return self.run_async(life())

    def test_token_of_a_user(self) -> Deferred[None]:
        """Operations are told whose the page is; what is for programs of the machine alone is not there."""

        async def life() -> None:
            token = await self.log_in()
            body = b'{"server": "Ben:27960"}'
            got = await self.ask("POST /api/v1/servers/launch", shown(token), JSON, body=body)
            self.assertEqual(200, got.status)
            self.assertEqual([("launch_server", "Ben:27960", False, USER)], self.node.calls)
            self.node.calls.clear()
            for name in ("web/open", "run/open", "agent/attend", "agent/windows"):
                self.refused(await self.ask(f"POST /api/v1/{name}", shown(token), JSON, body=b"{}"), 404, "not_found")

        return self.run_async(life())

    def test_xss_policy_on_every_answer(self) -> Deferred[None]:
        """Whatever happens, no browser takes an answer for a page that may run something of a stranger's."""

        async def life() -> None:
            token = await self.log_in()
            lines = (
                "GET /",
                "GET /x",
                "GET /api/v1/status",
                "GET /api/v1/openapi.json",
                "GET /api/v1/socket",
                "PUT /",
                "X",
            )
            evil = '"/><script>alert(1)</script>'
            for line in (*lines, f"GET /{evil}", f"GET /api/v1/{evil}", f"GET /api/v1/games/list?query={evil}"):
                got = await self.ask(line, shown(token))
                self.assertEqual(dict(GUARDS), {name: got.headers.get(name.lower()) for name in GUARDS}, line)
                self.assertNotIn(b"alert(", got.body)
                self.assertNotIn(
                    "text/html", got.headers.get("content-type", "") if "/x" in line or "api" in line else ""
                )
            self.assertIn("script-src 'self'", GUARDS["Content-Security-Policy"])
            self.assertNotIn("unsafe", GUARDS["Content-Security-Policy"])

        return self.run_async(life())

    def test_path_traversal(self) -> Deferred[None]:
        """No address names a file: what was not listed at the start is not there."""

        async def life() -> None:
            ways = (
                "/../../setup.cfg",
                "/..%2f..%2fsetup.cfg",
                "/%2e%2e/%2e%2e/setup.cfg",
                "//etc/passwd",
                "/js/../../x",
            )
            for path in (*ways, "/etc/passwd", "/.", "/%00", "/js", "/js/", "/index.html/", "/vendor/", "/__init__.py"):
                self.refused(await self.ask(f"GET {path}"), 404, "not_found")

        return self.run_async(life())
