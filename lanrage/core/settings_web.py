"""The settings of the gateway for browsers."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address

import attrs

from lanrage.core.setting import PLAYER, Setting
from lanrage.core.settings_rules import Text
from lanrage.core.settings_texts import parse_port
from lanrage.errors import BadInput

WEB_PORT = 7767
"""Beside the control server's 7766; browsers allow it."""
WEB_EXAMPLE = f"tcp:{WEB_PORT}:interface=127.0.0.1"
"""Where the page is by default."""

_ENDPOINT = re.compile(r"(tcp6?):(?:port=)?([0-9]{1,5}):interface=(.+)", re.ASCII)


@attrs.frozen
class WebListen:
    """A loopback address and a port; 0 = any.

    :param host: an IP address.
    """

    host: str
    port: int

    @property
    def endpoint(self) -> str:
        """As an endpoint string."""
        kind, interface = ("tcp6", self.host.replace(":", "\\:")) if ":" in self.host else ("tcp", self.host)
        return f"{kind}:{self.port}:interface={interface}"


def parse_web_listen(text: str, field: str) -> WebListen | None:
    """A TCP endpoint string with a loopback address; ``None``: empty, nowhere.

    :raises BadInput: names `field`: whoever reaches the page's port could try to look like the page.
    """
    if not text:
        return None
    found = _ENDPOINT.fullmatch(text)
    if found is None:
        raise BadInput(field, f"{text!r} is no endpoint such as {WEB_EXAMPLE}")
    try:
        address = ip_address(found.group(3).replace("\\:", ":"))
    except ValueError as error:
        raise BadInput(field, f"{found.group(3)!r} is no loopback address such as 127.0.0.1") from error
    if not address.is_loopback or isinstance(address, IPv6Address) != (found.group(1) == "tcp6"):
        kind = "tcp6 goes with \\:\\:1" if found.group(1) == "tcp6" else "tcp goes with 127.0.0.1"
        raise BadInput(field, f"the page is for this machine alone: {kind}")
    return WebListen(str(address), parse_port(found.group(2), field, zero=True))


WEB_SETTINGS = (
    Setting(
        "web.listen",
        "web-listen",
        Text("a tcp endpoint string of a loopback address, or empty", parse_web_listen),
        WEB_EXAMPLE,
        "Where the page for browsers is: an endpoint string of a loopback address; empty = nowhere.",
        PLAYER,
    ),
)
