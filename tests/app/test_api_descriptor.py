"""A descriptor that comes with a call of the local API, and an operation that lasts as long as its connection."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.task import deferLater

from lanrage.app.client import NodeClient
from lanrage.errors import BadInput
from tests.api_case import ApiCase
from tests.fakes_rooms import opened

reactor: Any = installed_reactor


class DescriptorTests(ApiCase):
    """Real sockets."""

    async def test_descriptor(self) -> None:
        """It arrives with its call; each call has its own; the node is told when the connection ends."""
        with open("/dev/null", "rb") as null, open("/dev/zero", "rb") as zero:
            async with NodeClient(reactor, self.path) as client:
                for each in (null, zero):
                    result = await client.call("run.open", {"internet": each is zero}, descriptor=each.fileno())
                    self.assertEqual(result["address"], opened().address)
                inodes = [os.fstat(each.fileno()).st_ino for each in (null, zero)]
                calls = [("open_room", False, inodes[0]), ("open_room", True, inodes[1])]
                self.assertEqual(self.node.calls, calls)
                with self.assertRaises(BadInput) as caught:
                    await client.call("run.open")
                self.assertEqual(caught.exception.field, "namespace")
        while len(self.node.calls) < 4:
            await deferLater(reactor, 0.01)
        self.assertEqual(self.node.calls[2:], [("room_gone",)] * 2)

    async def test_ended(self) -> None:
        """The client is told when the node ends the connection."""
        async with NodeClient(reactor, self.path) as client:
            ended = client.ended()
            self.assertFalse(ended.called)
            await self.service.stopService()
            await ended
        await client.ended()
