"""WireGuard in userspace: wireguard-go, driven over its socket, for kernels that have none (docs/links.rst)."""

from __future__ import annotations

import contextlib
import errno
import os
from base64 import b64encode
from collections.abc import Callable
from shutil import which

from pyroute2 import IPRoute
from twisted.internet.task import deferLater
from zope.interface import implementer

from lanrage.core.links import Endpoint, TunnelPeer, TunnelStatus
from lanrage.core.undo import UndoEntry
from lanrage.errors import BadInput, LanrageError, MissingRight, Unreachable
from lanrage.interfaces import ITunnel, IUndoJournal
from lanrage.net.daemon import Daemon
from lanrage.net.devices import (
    NET_ADMIN_HINT,
    NO_TUN,
    find_device,
    port_taken,
    raise_device,
    refusals_named,
    remove_device,
    remove_leftover,
    set_tunnel_mtu,
)
from lanrage.net.gro import switch_off_gro
from lanrage.net.processes import Program
from lanrage.net.threads import INetReactor, in_thread
from lanrage.net.uapi_client import SOCKET_FOLDER, ask, listener, socket_path
from lanrage.timing import timing_decorator
from lanrage.wire.uapi import GET, DeviceUpdate, PeerUpdate, Reply, encode_set

PROGRAM = "wireguard-go"
START_TIMEOUT_S = 5.0
"""Its socket answers in 5 to 20 ms; a machine that needs longer than this has another trouble."""
BANNER = ("\u250c", "\u2502", "\u2514")
"""How the lines of wireguard-go's banner begin: left corners and side of a frame."""
POLL_S = 0.005
"""Neither the socket nor the bound port is announced; this adds at most as much to the start."""


@implementer(ITunnel)
class UserspaceTunnel:
    """One WireGuard device that wireguard-go carries.

    :param name: the device's name.
    :param journal: remembers device and program, so that the next start after a crash ends both.
    :param program: the path of wireguard-go; looked up where ``None``.
    """

    kind = "userspace"

    def __init__(
        self, reactor: INetReactor, name: str, journal: IUndoJournal | None = None, program: str | None = None
    ) -> None:
        self.name = name
        self._reactor = reactor
        self._journal = journal
        self._program = program or which(PROGRAM)
        self._daemon: Daemon | None = None
        self._running: Program | None = None
        self._noted: list[UndoEntry] = []

    @timing_decorator("interface.create")
    async def create(self, private_key: bytes, listen_port: int, mtu: int) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.create`."""
        program = self._program
        if program is None:
            raise MissingRight(f"{PROGRAM} is not installed: apt-get install {PROGRAM}")
        await in_thread(self._reactor, self._make_room)
        try:
            await self._start(program)
            await self._set(DeviceUpdate(private_key=private_key))
            await in_thread(self._reactor, self._raise, mtu)
            await self._until(lambda reply: reply.status.listen_port > 0)
            if listen_port:
                await self._set(DeviceUpdate(listen_port=listen_port))
            await in_thread(self._reactor, self._split_datagrams)
        except BaseException:
            await self.destroy()
            raise

    @timing_decorator("interface.add_peer")
    async def set_peer(self, peer: TunnelPeer) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.set_peer`."""
        update = PeerUpdate(
            peer.public_key,
            endpoint=peer.endpoint,
            keepalive=peer.keepalive,
            replace_allowed=True,
            allowed=peer.allowed,
        )
        await self._set(DeviceUpdate(peers=(update,)))

    async def set_endpoint(self, public_key: bytes, endpoint: Endpoint) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.set_endpoint`."""
        if public_key not in (await self.status()).peers:
            raise LookupError(f"{self.name} has no peer {b64encode(public_key).decode()}")
        await self._set(DeviceUpdate(peers=(PeerUpdate(public_key, update_only=True, endpoint=endpoint),)))

    @timing_decorator("interface.remove_peer")
    async def remove_peer(self, public_key: bytes) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.remove_peer`."""
        await self._set(DeviceUpdate(peers=(PeerUpdate(public_key, remove=True),)))

    async def set_mtu(self, mtu: int) -> int:
        """See :meth:`lanrage.interfaces.ITunnel.set_mtu`."""
        return await in_thread(self._reactor, set_tunnel_mtu, self.name, mtu)

    async def status(self) -> TunnelStatus:
        """See :meth:`lanrage.interfaces.ITunnel.status`."""
        return (await self._ask(GET)).status

    async def destroy(self) -> None:
        """See :meth:`lanrage.interfaces.ITunnel.destroy`."""
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            await daemon.stop()
            await in_thread(self._reactor, remove_device, self.name)
        await in_thread(self._reactor, self._forget)

    def _make_room(self) -> None:
        """End what a crash left under our name, unless it is somebody else's."""
        path = socket_path(self.name)
        with refusals_named("making a WireGuard device"), IPRoute() as route:
            device = find_device(route, self.name)
            holder = Program.of(listener(path) or 0)
            if holder is not None:
                if device is None or not device.ours:
                    raise BadInput(
                        "tunnel_device", f"{self.name} is in use by process {holder.pid}; end it or set another name"
                    )
                holder.end()
            remove_leftover(route, self.name, "tunnel_device")
        self._note(UndoEntry("device", self.name))

    async def _start(self, program: str) -> None:
        self._daemon = Daemon(self._reactor, program, self.name, chatter=BANNER)
        environment = {"LOG_LEVEL": "error", "PATH": os.defpath}
        self._running = self._daemon.start(["-f", self.name], environment)
        if self._running is not None:
            await in_thread(self._reactor, self._note, UndoEntry("process", self.name, str(self._running)))
        await self._until(lambda reply: True)

    async def _until(self, ready: Callable[[Reply], bool]) -> None:
        """Ask until the answer is `ready`."""
        deadline = self._reactor.seconds() + START_TIMEOUT_S
        while self._reactor.seconds() < deadline:
            with contextlib.suppress(Unreachable):
                if ready(await self._ask(GET)):
                    return
            self._check()
            await deferLater(self._reactor, POLL_S)
        raise Unreachable(f"{PROGRAM} does not bring {self.name} up within {START_TIMEOUT_S:.0f} s")

    async def _ask(self, request: bytes) -> Reply:
        self._check()
        return await ask(self._reactor, socket_path(self.name), request)

    def _check(self) -> None:
        """Raise what ended the program, if it has ended."""
        if self._daemon is None:
            raise Unreachable(f"the WireGuard device {self.name} is gone")
        if self._daemon.ended:
            raise _why_ended(self.name, self._daemon.words.decode("utf-8", "replace"))

    async def _set(self, update: DeviceUpdate) -> None:
        reply = await self._ask(encode_set(update))
        if reply.errno == errno.EADDRINUSE:
            raise port_taken(update.listen_port or 0)
        if reply.errno:
            raise LanrageError(f"{PROGRAM} of {self.name} refused a change: {os.strerror(reply.errno)}")

    def _raise(self, mtu: int) -> None:
        with refusals_named("setting up a WireGuard device"), IPRoute() as route:
            raise_device(route, self.name, mtu)

    def _split_datagrams(self) -> None:
        """The port's sockets are made anew when the port changes, so this comes last."""
        if self._running is not None:
            switch_off_gro(self._running.pid)

    def _note(self, entry: UndoEntry) -> None:
        if self._journal is not None:
            self._noted.append(entry)
            self._journal.note(entry)

    def _forget(self) -> None:
        noted, self._noted = self._noted, []
        for entry in noted:
            if self._journal is not None:
                self._journal.forget(entry)


def _why_ended(name: str, words: str) -> LanrageError:
    """What the program's last words mean to the user; the banner in a frame that it prints at each start is none."""
    lines = [line for line in words.splitlines() if not line.startswith(BANNER)]
    said = " ".join(" ".join(lines).split())
    if "/dev/net/tun" in said and "no such" in said.lower():
        return MissingRight(NO_TUN)
    if "uapi" in said.lower():
        return MissingRight(
            f"{PROGRAM} may not write {SOCKET_FOLDER}: add RuntimeDirectory=wireguard to the systemd service"
        )
    if "not permitted" in said or "denied" in said:
        return MissingRight(f"{PROGRAM} needs CAP_NET_ADMIN: {NET_ADMIN_HINT}")
    return Unreachable(f"{PROGRAM} of {name} ended{': ' if said else ''}{said}")
