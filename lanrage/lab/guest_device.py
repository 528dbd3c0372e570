"""A host of the laboratory with stock WireGuard tools and no LANrage: it is told what any device is told."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from lanrage.errors import MissingRight
from lanrage.lab.games import find_program
from lanrage.lab.netns import entered, run
from lanrage.lab.plan import Host
from lanrage.store.files import write_atomic

PROGRAMS = {"wg-quick": "wireguard-tools", "wg": "wireguard-tools", "wireguard-go": "wireguard-go"}
"""What a stock device has, and the Debian package of each."""


def check_programs() -> None:
    """:raises MissingRight: names the package that is missing."""
    for program, package in PROGRAMS.items():
        find_program(program, package)


@attrs.define
class GuestDevice:
    """One device; its WireGuard runs from :meth:`up` to :meth:`down`.

    :param folder: where the configuration lies, in a file named as the device.
    """

    host: Host
    folder: Path
    _config: str = ""

    @property
    def device(self) -> str:
        """Of WireGuard; unique on the machine, and taken down with the laboratory."""
        return self.host.tunnel_device

    def up(self, config: str) -> None:
        """Do what ``wg-quick up`` does with a configuration.

        :raises LabError: with what it said.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.device}.conf"
        write_atomic(path, config.encode())
        self._config = str(path)
        self._quick("up")

    def down(self) -> None:
        """Do what ``wg-quick down`` does; one that is down is no error."""
        if self._config:
            self._quick("down")
        self._config = ""

    def grow_greedy(self, networks: tuple[str, ...]) -> None:
        """As no configuration of ours says: let WireGuard send everything to the serving node, these networks at once.

        :raises LabError: with what a tool said.
        """
        with entered(self.host.netns):
            peer = run(["wg", "show", self.device, "peers"]).strip()
            run(["wg", "set", self.device, "peer", peer, "allowed-ips", "0.0.0.0/0"])
            for network in networks:
                run(["ip", "route", "replace", network, "dev", self.device])

    def _quick(self, verb: str) -> None:
        with entered(self.host.netns):
            run(["env", "WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go", "wg-quick", verb, self._config])


def has_programs() -> bool:
    """Whether :func:`check_programs` finds all."""
    try:
        check_programs()
    except MissingRight:
        return False
    return os.geteuid() == 0
