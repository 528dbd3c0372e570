"""Other pages in the same browser: the node lets none of them in, whatever they send, by whatever name they came."""

from __future__ import annotations

from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import pytest

from tests.browser.case import BrowserCase

if TYPE_CHECKING:
    from playwright.sync_api import Page

STRANGER = "evil.example"
TOKEN = "lanrage.token"
"""Where the page keeps its token (``session.js``)."""
BLOCKED = "net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin"
"""What the browser makes of an answer whose ``Cross-Origin-Resource-Policy`` is ``same-origin``."""
FRAME = """(url) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    document.body.append(frame);
}"""
CALL = """async ([url, how]) => {
    try { const answer = await fetch(url, how); return answer.status; } catch (error) { return String(error); }
}"""
DIAL = """([url, protocols]) => new Promise((tell) => {
    const socket = new WebSocket(url, protocols);
    socket.onopen = () => tell("open");
    socket.onerror = () => tell("refused");
})"""


class Elsewhere(BaseHTTPRequestHandler):
    """A page that is not the node's."""

    def do_GET(self) -> None:
        """Twelve bytes of it."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p>hello</p>")

    def log_message(self, *_args: Any) -> None:
        """Nothing is said of requests."""


@pytest.mark.lab
class ForeignPageTests(BrowserCase):
    """A page of another port of this machine, as a game's web server or another user's program may have it."""

    arguments: ClassVar[tuple[str, ...]] = (f"--host-resolver-rules=MAP {STRANGER} 127.0.0.1",)

    def setUp(self) -> None:
        """Sign in, and open the other page beside."""
        super().setUp()
        self.sign_in()
        self.token = self.page.evaluate(f"sessionStorage.getItem('{TOKEN}')")
        self.assertTrue(self.token)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
        running = Thread(target=partial(server.serve_forever, poll_interval=0.05))
        running.start()
        self.addCleanup(server.server_close)
        self.addCleanup(running.join, 5)
        self.addCleanup(server.shutdown)
        self.foreign: Page = self.page.context.new_page()
        self.refused: list[tuple[str, str]] = []
        self.foreign.on("requestfailed", lambda each: self.refused.append((urlsplit(each.url).path, str(each.failure))))
        self.foreign.goto(f"http://127.0.0.1:{server.server_port}/")
        self.api = f"{self.where}api/v1/"

    def ask(self, page: Page, path: str, **how: Any) -> Any:
        """What a page gets to know of an answer: its status, or the browser's error."""
        return page.evaluate(CALL, [self.api + path, how])

    def bearer(self) -> dict[str, str]:
        """As if the stranger knew the token."""
        return {"Authorization": f"Bearer {self.token}"}

    def test_own_page(self) -> None:
        """What is refused below is answered to the node's own page."""
        self.assertEqual(self.ask(self.page, "status", headers=self.bearer()), 200)
        where = self.api.replace("http", "ws") + "socket"
        self.assertEqual(self.page.evaluate(DIAL, [where, ["lanrage.v1", f"token.{self.token}"]]), "open")

    def test_foreign_origin(self) -> None:
        """It may not read, even with the token; the answer to a simple request says that it is for no other page."""
        self.assertIn("TypeError", self.ask(self.foreign, "status", headers=self.bearer()))
        self.assertIn("TypeError", self.ask(self.foreign, "status", mode="no-cors"))
        self.assertEqual(self.refused[-1], ("/api/v1/status", BLOCKED))

    def test_csrf_of_a_foreign_origin(self) -> None:
        """A form or a text that it posts changes nothing."""
        body = '{"name": "theirs", "member_name": "x"}'
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            self.ask(
                self.foreign, "party/create", method="POST", mode="no-cors", body=body, headers={"Content-Type": kind}
            )
        self.assertEqual(self.refused, [("/api/v1/party/create", BLOCKED)] * 2)
        self.assertEqual(self.ask(self.page, "party/show", headers=self.bearer()), 409)

    def test_socket_of_a_foreign_origin(self) -> None:
        """No WebSocket is opened to it, even with the token."""
        where = self.api.replace("http", "ws") + "socket"
        dialled = self.foreign.evaluate(DIAL, [where, ["lanrage.v1", f"token.{self.token}"]])
        self.assertEqual(dialled, "refused")

    def test_rebinding(self) -> None:
        """By a name that was made to point here no file and no operation is given out."""
        rebound = self.page.context.new_page()
        port = urlsplit(self.where).port
        answer = rebound.goto(f"http://{STRANGER}:{port}/")
        assert answer is not None
        self.assertEqual(answer.status, 403)
        status = rebound.evaluate(CALL, [f"http://{STRANGER}:{port}/api/v1/status", {"headers": self.bearer()}])
        self.assertEqual(status, 403)
        where = f"ws://{STRANGER}:{port}/api/v1/socket"
        self.assertEqual(rebound.evaluate(DIAL, [where, ["lanrage.v1", f"token.{self.token}"]]), "refused")

    def test_no_frame_of_a_foreign_origin(self) -> None:
        """The page shows itself in nobody's frame, so that nobody lets its buttons be pressed unseen."""
        self.foreign.evaluate(FRAME, self.where)
        self.foreign.wait_for_timeout(500)
        inside = [frame for frame in self.foreign.frames if frame is not self.foreign.main_frame]
        self.assertEqual([frame.locator("[data-test=nav-party]").count() for frame in inside], [0])
