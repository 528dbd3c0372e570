"""The image is built from its file on a clean Debian; server, relay and node run from it as the docs say."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.clean_root import SOURCE, CleanRoot, run
from tests.packaging.container import Images, spoken

pytestmark = [
    pytest.mark.lab,
    pytest.mark.needs("root", "tun", "debootstrap", "podman", "crun", "unshare", "nsenter"),
    pytest.mark.timeout(1200),
]

STATE = "--state-dir=/var/lib/lanrage"
RELAY_PORT, REFLECTOR_PORT = 7800, 3478
# Asks a port by STUN, again and again for a while, and prints the address that the answer names.
ASK = """
import os, socket, sys
from lanrage.wire import relay_stun, stun
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(1)
for _ in range(60):
    asking.sendto(relay_stun.ask(os.urandom(12)), ("127.0.0.1", int(sys.argv[1])))
    try:
        print(stun.decode(asking.recv(2048)).mapped.host, end="")
        break
    except OSError:
        continue
"""


@pytest.fixture(scope="module", name="image")
def _image(bare: CleanRoot, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    folder = tmp_path_factory.mktemp("oci")
    images = Images(folder)
    try:
        images.build(bare, wheelhouse, SOURCE)
        yield images
    finally:
        images.remove()
        shutil.rmtree(folder)


def healthy(place: Images, name: str, check: str) -> None:
    """Wait until a container's health check finds nothing."""
    end, told = time.monotonic() + 90, ""
    while time.monotonic() < end:
        try:
            place.podman("exec", name, *shlex.split(check))
        except AssertionError as error:
            told = str(error)
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"{name} is not well: {told}\n{place.podman('logs', name)}")


def asked(place: Images, port: int) -> str:
    """The address that a STUN answer from a port names."""
    return run(*place.enter, sys.executable, "-c", ASK, str(port), PYTHONPATH=str(SOURCE))


def test_what_is_in_it(image: Images) -> None:
    """Nobody is root, a health check is there, and neither compiler, nor package manager of the build, nor sources."""
    told = image.config()
    assert (told["User"], told["StopSignal"]) == ("967:967", "SIGTERM")
    assert shlex.split(spoken(told["Health"]["Test"])) == ["lanrage", STATE, "tasks"]
    look = "ls -A /var/lib/lanrage; ls -d /src; command -v cc gcc make pip3 curl"
    with image.alone() as place:
        words = (
            "run",
            "--rm",
            "--no-healthcheck",
            "--pull=never",
            "--network=host",
            "--cgroups=disabled",
            "--entrypoint=sh",
        )
        assert place.podman(*words, "lanrage", "-c", f"({look}) 2>/dev/null; id -u").split() == ["967"]


def test_all_three(image: Images) -> None:
    """Control server and relay answer and are well, a node founds a party, and all stop when told to."""
    health = spoken(image.config()["Health"]["Test"])
    with image.alone() as place:
        place.start("meet", "lanrage", "control", STATE, "--public-address=127.0.0.1", "--relay=127.0.0.1:7800-7863")
        healthy(place, "meet", health)
        key = place.podman("exec", "meet", "cat", "/var/lib/lanrage/server.pub").strip()
        place.start("relay", "lanrage", "relay", STATE, f"--server-key={key}")
        healthy(place, "relay", health)
        assert [asked(place, port) for port in (REFLECTOR_PORT, RELAY_PORT)] == ["127.0.0.1"] * 2
        a_node_plays(place)
        place.podman("stop", "--time=60", "node", "relay", "meet")
        codes = place.podman("inspect", "--format={{.State.ExitCode}}", "node", "relay", "meet")
        assert codes.split() == ["0", "0", "0"], place.podman("logs", "node")
        assert "lanrage" not in run(*place.enter, "ip", "-o", "link")
        place.podman("rm", "--all", "--force")


def a_node_plays(place: Images) -> None:
    """A node with no more rights than the docs give it founds a party at the server beside it."""
    rights = (
        "--cap-drop=all",
        "--cap-add=NET_ADMIN,NET_RAW",
        "--device=/dev/net/tun",
        "--security-opt=unmask=/proc/sys",
    )
    place.start("node", *rights, "lanrage", "node", STATE, "--run-dir=/run/lanrage")
    healthy(place, "node", "lanrage status")
    place.podman("exec", "node", "lanrage", "party", "create", "Friday", "--server=127.0.0.1", "--as=Ann")
    told = json.loads(place.podman("exec", "node", "lanrage", "status", "--json"))
    assert (told["state"], told["missing"]) == ("in-party", [])
    assert "lanrage0" in run(*place.enter, "ip", "-o", "link")
