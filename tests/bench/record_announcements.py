"""Record what real programs announce on a LAN, each alone in a network namespace.

``python -m tests.bench.record_announcements [NAME ...] [--seconds S]`` as root, with the programs' Debian packages. One
file a program goes to ``tests/bench/data/announcements`` (:mod:`tests.bench.announcements` reads them).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from lanrage.core.lan_frames import Drop, Udp
from lanrage.wire.packets import read_frame
from tests.namespaces import Namespace

FOLDER = Path(__file__).parent / "data" / "announcements"
CARD, ADDRESS = "lan0", "192.168.77.2"
ETH_P_ALL = 3
END_S = 5.0
"""Time for a program to say goodbye and end."""


@attrs.frozen
class Program:
    """A program that announces itself.

    :param package: Debian's, whose version is kept.
    :param argv: ``{home}`` stands for a folder of its own.
    :param files: written there first.
    """

    package: str
    argv: Sequence[str]
    files: Mapping[str, str] = attrs.field(factory=dict)
    env: Mapping[str, str] = attrs.field(factory=dict)


PROGRAMS: Mapping[str, Program] = {
    "minidlna": Program(
        "minidlna",
        ("minidlnad", "-S", "-f", "{home}/conf", "-P", "{home}/pid"),
        {
            "conf": "port=8200\nnetwork_interface=lan0\nmedia_dir={home}\ndb_dir={home}\nlog_dir={home}\n"
            "inotify=no\nnotify_interval=30\nuuid=6f1d8c52-7a3e-4e1b-9c60-2f7f5b1f9a01\nfriendly_name=room\n"
        },
    ),
    "miniupnpd": Program(
        "miniupnpd-nftables",
        ("miniupnpd", "-d", "-f", "{home}/conf", "-P", "{home}/pid"),
        {
            "conf": "ext_ifname=lan0\next_ip=11.0.0.1\nlistening_ip=lan0\nport=5000\n"
            "enable_upnp=yes\nenable_natpmp=no\n"
            "notify_interval=30\nuuid=6f1d8c52-7a3e-4e1b-9c60-2f7f5b1f9a02\nlease_file={home}/leases\n"
        },
    ),
    "avahi": Program(
        "avahi-daemon",
        (
            "unshare",
            "-m",
            "sh",
            "-c",
            "mount --bind {home} /etc/avahi && mount -t tmpfs tmpfs /run && "
            "exec avahi-daemon --no-drop-root --no-rlimits --no-chroot -f {home}/avahi-daemon.conf",
        ),
        {
            "avahi-daemon.conf": "[server]\nhost-name=room\nuse-ipv6=no\nallow-interfaces=lan0\nenable-dbus=no\n"
            "[wide-area]\n[publish]\n[reflector]\n[rlimits]\n",
            "services/game.service": "<?xml version='1.0'?><!DOCTYPE service-group SYSTEM 'avahi-service.dtd'>"
            "<service-group><name>room</name><service><type>_game._udp</type><port>7777</port></service>"
            "</service-group>",
        },
    ),
    "syncthing": Program(
        "syncthing", ("syncthing", "serve", "--no-browser", "--home={home}"), env={"STNORESTART": "1"}
    ),
    "udp-sender": Program(
        "udpcast",
        ("udp-sender", "--file", "{home}/image", "--interface", "lan0", "--nokbd", "--rexmit-hello-interval", "2000"),
        {"image": "x"},
    ),
    "squeezelite": Program("squeezelite", ("squeezelite", "-o", "-", "-n", "room", "-m", "02:66:00:00:00:01")),
    "minisapserver": Program(
        "minisapserver",
        ("sapserver", "-f", "{home}/conf"),
        {
            "conf": "[global]\nsap_delay=5\n[program]\nname=Room radio\nuser=room\nmachine=room\nsite=http://room/\n"
            "address=239.255.12.42\nport=1234\nprogram_ttl=1\n"
        },
    ),
    "tox-bootstrapd": Program(
        "toxcore-utils",
        ("tox-bootstrapd", "--foreground", "--log-backend=stdout", "--config={home}/conf"),
        {
            "conf": 'port = 33445\nkeys_file_path = "{home}/keys"\npid_file_path = "{home}/pid"\nenable_ipv6 = false\n'
            "enable_ipv4_fallback = true\nenable_lan_discovery = true\nenable_tcp_relay = false\nenable_motd = false\n"
        },
    ),
    "ddsperf": Program("cyclonedds-tools", ("ddsperf", "-D", "700", "sub")),
    "megaglest": Program("megaglest", ("/usr/games/megaglest", "--headless-server-mode"), env={"HOME": "{home}"}),
    "ableton-link": Program(
        "ableton-link-utils",
        (
            "sh",
            "-c",
            "jackd -n room -r -d dummy & jack=$!; trap 'kill $jack; exit' TERM; sleep 2; "
            "(sleep 2; printf a; sleep 700) | JACK_DEFAULT_SERVER=room LinkHut & wait",
        ),
        env={"JACK_NO_AUDIO_RESERVATION": "1", "HOME": "{home}"},
    ),
}


def version_of(package: str) -> str:
    """As Debian has it installed; empty when it is not."""
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False, timeout=30
    )
    return asked.stdout.strip() if asked.returncode == 0 else ""


def card() -> Namespace:
    """A namespace with one card that leads nowhere."""
    space = Namespace()
    space.run(
        f"ip link add {CARD} address 02:00:c0:a8:4d:02 type veth peer name wire; ip link set wire up; "
        f"ip address add {ADDRESS}/24 brd + dev {CARD}; "
        f"ip link set {CARD} up multicast on; ip route add default via 192.168.77.1 dev {CARD}"
    )
    return space


def listen(space: Namespace, until: float, found: list[tuple[float, Udp]], stop: threading.Event) -> None:
    """Collect the broadcasts and multicasts that leave the card."""
    with space.inside():
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    with tap:
        tap.bind((CARD, ETH_P_ALL))
        tap.settimeout(0.2)
        began = time.monotonic()
        while time.monotonic() < until and not stop.is_set():
            try:
                data, place = tap.recvfrom(65535)
            except TimeoutError:
                continue
            read = read_frame(data, finished=False)
            if place[2] == socket.PACKET_OUTGOING and not isinstance(read, Drop) and data[0] & 1:
                assert isinstance(read.content, Udp)
                found.append((round(time.monotonic() - began, 4), read.content))


def record(name: str, program: Program, seconds: float) -> dict[str, object] | None:
    """Run a program for so long; what it announced, or ``None`` if that was nothing."""
    home = tempfile.mkdtemp(prefix=f"lanrage-{name}-")
    space, stop = card(), threading.Event()
    found: list[tuple[float, Udp]] = []
    try:
        for file, text in program.files.items():
            path = Path(home, file)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text.replace("{home}", home), encoding="utf-8")
        argv = [word.replace("{home}", home) for word in program.argv]
        env = os.environ | {key: value.replace("{home}", home) for key, value in program.env.items()}
        ear = threading.Thread(target=listen, args=(space, time.monotonic() + seconds + END_S, found, stop))
        ear.start()
        _run(space, argv, env, Path(home, "output"), seconds)
        stop.set()
        ear.join()
        if not found:
            said = Path(home, "output").read_bytes()[-400:].decode(errors="replace")
            print(f"{name}: nothing was announced; it said: {said}", file=sys.stderr)
            return None
        return describe(name, program, found)
    finally:
        space.close()
        shutil.rmtree(home, ignore_errors=True)


def _run(space: Namespace, argv: Sequence[str], env: Mapping[str, str], says: Path, seconds: float) -> None:
    with (
        says.open("wb") as output,
        space.inside(),
        subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, process_group=0) as run,
    ):
        try:
            run.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        _end(run)


def _end(run: subprocess.Popen[bytes]) -> None:
    """The program and what it started, by its process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(run.pid, number)
        except ProcessLookupError:
            break
        try:
            run.wait(END_S)
        except subprocess.TimeoutExpired:
            continue
        time.sleep(0.5)
    run.wait(END_S)


def describe(name: str, program: Program, found: Sequence[tuple[float, Udp]]) -> dict[str, object]:
    """The file's content: datagrams once each, and when each was sent."""
    numbers = {datagram: number for number, datagram in enumerate(dict.fromkeys(each for _, each in found))}
    return {
        "program": name,
        "version": f"{program.package} {version_of(program.package)}",
        "how": "recorded in a network namespace: " + " ".join(program.argv),
        "datagrams": [
            {
                "source": f"{each.source}:{each.source_port}",
                "destination": f"{each.destination}:{each.destination_port}",
                "payload": each.payload.hex(),
            }
            for each in numbers
        ],
        "packets": [[when, numbers[each]] for when, each in found],
    }


def main(words: Sequence[str]) -> None:
    """Record all, or those that are named, at the same time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=sorted(PROGRAMS))
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--into", type=Path, default=FOLDER)
    chosen = parser.parse_args(words)
    chosen.into.mkdir(parents=True, exist_ok=True)

    def one(name: str) -> None:
        content = record(name, PROGRAMS[name], chosen.seconds)
        if content is not None:
            text = json.dumps(content, separators=(",", ":")).replace('},{"source', '},\n{"source')
            (chosen.into / f"{name}.json").write_text(text.replace('"packets"', '\n"packets"') + "\n", encoding="utf-8")

    threads = [threading.Thread(target=one, args=(name,)) for name in chosen.names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
