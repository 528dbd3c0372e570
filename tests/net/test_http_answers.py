"""What is answered to HTTP that is no WebSocket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.http_answers import ANSWERS, TEXT_LIMIT, http_answer
from tests.net.front_world import HERE, FrontCase, opening


class AnswerTests(SynchronousTestCase):
    """The bytes."""

    @given(st.sampled_from(sorted(ANSWERS)), st.text())
    def test_whole_and_bounded(self, code: int, text: str) -> None:
        """A status line, the length of the body, the body, and no more; it ends the connection."""
        text = "".join(c for c in text if not "\ud800" <= c <= "\udfff")
        head, _, body = http_answer(code, text).partition(b"\r\n\r\n")
        lines = head.decode("ascii").split("\r\n")
        self.assertEqual(f"HTTP/1.1 {code} {ANSWERS[code][0]}", lines[0])
        fields = dict(line.split(": ", 1) for line in lines[1:])
        self.assertEqual(str(len(body)), fields["Content-Length"])
        self.assertIn("close", fields["Connection"])
        self.assertNotIn("Server", fields)
        self.assertEqual(((text or ANSWERS[code][1])[:TEXT_LIMIT] + "\n").encode(), body)


class HealthTests(FrontCase):
    """Asked at the port."""

    def ask(self, request: bytes) -> tuple[int, str]:
        """The status and the text of an answer, over plain HTTP on this machine."""
        front, transport = self.raw(HERE)
        front.dataReceived(request)
        head, _, body = transport.value().partition(b"\r\n\r\n")
        self.assertTrue(transport.disconnecting)
        self.hang_up(front)
        self.gone()
        return int(head.split(b" ")[1]), body.decode().strip()

    def get(self, path: str) -> tuple[int, str]:
        """GET."""
        return self.ask(opening(path=path, upgrade=False))

    def test_health(self) -> None:
        """It serves; it is ready unless it says why not; nobody who asks is counted as refused."""
        self.assertEqual((200, "serving"), self.get("/healthz"))
        self.assertEqual((200, "ready"), self.get("/readyz?from=probe"))
        self.inner.readiness = lambda: "changes wait for the disk: database or disk is full"
        self.assertEqual((200, "serving"), self.get("/healthz"))
        self.assertEqual((503, "changes wait for the disk: database or disk is full"), self.get("/readyz"))
        self.assertEqual({}, self.refusals())

    def test_health_over_tls(self) -> None:
        """From anywhere."""
        client, heard, _ = self.tls()
        client.write(opening(path="/readyz", upgrade=False))
        self.net.settle(0.001)
        self.net.settle(0.001)
        self.assertTrue(b"".join(heard).endswith(b"\r\n\r\nready\n"))
        self.gone()

    def test_all_else(self) -> None:
        """A short answer, which repeats nothing of the request and names no version."""
        wanted = {
            opening(upgrade=False): 426,
            opening(path="/?redirect=http://evil.example&after=x", upgrade=False): 426,
            opening(path="/status", upgrade=False): 404,
            opening(path="/healthz/../x", upgrade=False): 404,
            opening(path="/#x", upgrade=False): 400,
            b"POST /healthz HTTP/1.1\r\nHost: a\r\n\r\n": 405,
            b"GET /healthz HTTP/1.0\r\n\r\n": 505,
            b"GET /healthz HTTP/1.1\r\n\r\n": 400,
            b"GET \x00\xff HTTP/1.1\r\nHost: a:b\r\n\r\n": 400,
            b"evil evil evil\r\n\r\n": 405,
            b"\r\n\r\n": 400,
            opening().replace(b"Key: M", b"Key: evil"): 400,
            opening("Origin: evil://"): 400,
        }
        for request, code in wanted.items():
            status, text = self.ask(request)
            self.assertEqual((code, ANSWERS[code][1]), (status, text), request)

    @given(st.binary(max_size=200))
    def test_any_request(self, noise: bytes) -> None:
        """Whatever comes as an HTTP head is answered by one of the answers, or waits for its end."""
        self.setUp()
        front, transport = self.raw(HERE)
        front.dataReceived(b"GET " + noise + b"\r\n\r\n")
        status = transport.value().split(b" ")[1]
        self.assertIn(int(status), ANSWERS)
        self.assertNotIn(b"utobahn", transport.value())
        self.hang_up(front)
        self.gone()
        self.quiet()
