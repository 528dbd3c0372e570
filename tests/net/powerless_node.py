"""A program for tests: tries each part of a node without any right, and prints one line of JSON for what each said."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from lanrage.net.capture import Capture
from lanrage.net.card import TapCard
from lanrage.net.kernel import KernelTunnel
from lanrage.net.machine import Machine
from lanrage.net.rawport import RawProbePort
from lanrage.net.rights import read_rights
from lanrage.net.userspace import UserspaceTunnel

HERE = IPv4Address("127.0.0.1")


async def main(reactor: Any) -> None:
    """Try all."""
    rights = await read_rights(reactor)
    tell("rights", "missing", "; ".join(rights.missing()))
    parts: dict[str, Callable[[], Awaitable[object] | None]] = {
        "kernel": lambda: KernelTunnel(reactor, "lrt-a").create(bytes(32), 0, 1280),
        "userspace": lambda: UserspaceTunnel(reactor, "lrt-a").create(bytes(32), 0, 1280),
        "card": lambda: TapCard(reactor, "lrt0").open(IPv4Interface("10.66.0.1/24"), lambda frame: None),
        "probe port": lambda: RawProbePort(reactor).open(51820, lambda payload, source, local: None),
        "capture": lambda: Capture(reactor).open(lambda index, frame: None),
        "route": lambda: Machine(reactor).add_member_route(IPv4Address("10.66.0.2"), "lo", HERE),
        "addresses": lambda: Machine(reactor).local_addresses(),
    }
    for part, call in parts.items():
        try:
            done = call()
            if done is not None:
                await done
        except Exception as error:  # pylint: disable=broad-exception-caught
            tell(part, type(error).__name__, str(error))
        else:
            tell(part, "done", "")


def tell(part: str, kind: str, sentence: str) -> None:
    """One line."""
    sys.stdout.write(json.dumps([part, kind, sentence]) + "\n")


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
