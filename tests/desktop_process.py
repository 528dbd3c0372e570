"""A desktop as a process: shows notifications on the session bus at its one argument, and prints each as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from jeepney import Message
from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.protocol import Factory

from tests.desktop_bus import Desktop, take_name


class Printing(Desktop):
    """Prints what it shows, and that it is there."""

    def _answer(self, method: str, message: Message) -> Message:
        before = len(self.notes)
        answer = super()._answer(method, message)
        for note in self.notes[before:]:
            print(json.dumps({"note": note[4]}), flush=True)
        return answer


async def main(reactor: Any) -> None:
    """Until it is killed."""
    factory = Factory.forProtocol(lambda: Printing(reactor, ("body",)))
    desktop: Any = await UNIXClientEndpoint(reactor, str(Path(sys.argv[1]))).connect(factory)
    await take_name(desktop)
    print(json.dumps({"there": True}), flush=True)
    await Deferred()


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
