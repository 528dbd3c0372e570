"""What each role is told at its start; checked here, at the door, with errors that name the option and the rule."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path

import attrs

from lanrage.app.control_door import DoorSettings
from lanrage.app.lan_config import LanSettings
from lanrage.app.machinery import Devices
from lanrage.app.reflector import Alternate
from lanrage.app.relay import RelayPlan
from lanrage.app.relay_config import parse_plan, parse_region, parse_weights
from lanrage.core.admission import Registration
from lanrage.core.code import check_address
from lanrage.core.links import KEY_BYTES, check_device_name
from lanrage.core.relay_choice import Weights
from lanrage.errors import BadInput
from lanrage.net.tunnels import TUNNEL_KINDS
from lanrage.store.journal import INTERVAL, LONGEST_INTERVAL, SHORTEST_INTERVAL
from lanrage.wire.control import TOKEN_LIMIT, RelayInfo

CONTROL_PORT = 7766
"""TCP port of the control channel."""
STUN_PORT = 3478
"""UDP port of the reflector (RFC 8489)."""
RELAY_PORTS = (7800, 7863)
"""UDP ports of the relay: one for each relayed peer of one client, so a full party of 64 fits."""
RELAY_FOLDER = "relay"
"""Of the state folder: the relay's undo journal."""
RELAY_PORTS_LIMIT = 256
"""Ports of one relay; more than a client can use four times over."""

PORT_MAPPING = ("auto", "off")
"""What ``--port-mapping`` takes."""

FLUSH_INTERVAL_MS = (round(SHORTEST_INTERVAL * 1000), round(LONGEST_INTERVAL * 1000))
"""Bounds of the setting ``state.flush_interval``, ms (:mod:`lanrage.store.journal` has the reasons)."""


def default_folder(environment: dict[str, str], root: bool) -> Path:
    """Where state is kept: ``/var/lib/lanrage``, or the user's own data folder."""
    if root:
        return Path("/var/lib/lanrage")
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "lanrage"


def default_run_folder(environment: dict[str, str], root: bool) -> Path:
    """Where the socket of the local API is: ``/run/lanrage``, or the user's own runtime folder."""
    if root:
        return Path("/run/lanrage")
    runtime = environment.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "lanrage" if runtime else default_folder(environment, root) / "run"


def parse_port(text: str, field: str, *, zero: bool = False) -> int:
    """A port number.

    :raises BadInput: names `field`.
    """
    low = 0 if zero else 1
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not low <= int(text) <= 65535:
        raise BadInput(field, f"{text!r} is not a port from {low} to 65535")
    return int(text)


def parse_ports(text: str, field: str) -> tuple[int, int]:
    """``FIRST-LAST``, or one port.

    :raises BadInput: names `field`.
    """
    first_text, _, last_text = text.partition("-")
    first = parse_port(first_text, field)
    last = parse_port(last_text or first_text, field)
    if not first <= last < first + RELAY_PORTS_LIMIT:
        raise BadInput(field, f"{text!r} is not FIRST-LAST with 1 to {RELAY_PORTS_LIMIT} ports")
    return first, last


def parse_switch(text: str, field: str) -> bool:
    """``on`` or ``off``.

    :raises BadInput: names `field`.
    """
    if text not in ("on", "off"):
        raise BadInput(field, f"{text!r} is neither on nor off")
    return text == "on"


def parse_interval(text: str, field: str) -> float:
    """Whole milliseconds within :data:`FLUSH_INTERVAL_MS`, as seconds.

    :raises BadInput: names `field`.
    """
    low, high = FLUSH_INTERVAL_MS
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not low <= int(text) <= high:
        raise BadInput(field, f"{text!r} is not a number of milliseconds from {low} to {high}")
    return int(text) / 1000


def parse_port_mapping(options: dict[str, str]) -> bool:
    """Whether the router is asked to map ports.

    :raises BadInput: field ``port-mapping``.
    """
    word = options["port-mapping"]
    if word not in PORT_MAPPING:
        raise BadInput("port-mapping", f"{word!r} is none of {', '.join(PORT_MAPPING)}")
    return word == "auto"


def parse_relay(text: str, field: str) -> RelayInfo:
    """``HOST:FIRST-LAST`` of a relay; an empty host is that of the control server.

    :raises BadInput: names `field`.
    """
    host, colon, ports = text.rpartition(":")
    if not colon:
        raise BadInput(field, f"{text!r} is not HOST:FIRST-LAST")
    first, last = parse_ports(ports, field)
    if host:
        check_address(f"{host}:{first}", field)
    return RelayInfo(host.strip("[]"), first, last)


def parse_public_key(text: str, field: str) -> bytes:
    """64 hexadecimal digits, or ``@FILE`` that holds them.

    :raises BadInput: names `field`.
    """
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(field, f"the file {text[1:]} cannot be read: {error}") from error
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise BadInput(field, "a public key is 64 hexadecimal digits, or @FILE with them") from error
    if len(key) != KEY_BYTES:
        raise BadInput(field, "a public key is 64 hexadecimal digits, or @FILE with them")
    return key


def parse_token_file(path: str) -> str:
    """The first line of a file; empty where no file is named.

    :raises BadInput: field ``registration-token-file``.
    """
    if not path:
        return ""
    field = "registration-token-file"
    try:
        with Path(path).open(encoding="utf-8") as file:
            token = file.readline(TOKEN_LIMIT + 2).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(field, f"the file {path} cannot be read: {error}") from error
    if not token or len(token) > TOKEN_LIMIT:
        raise BadInput(field, f"the first line of {path} is no token of 1 to {TOKEN_LIMIT} characters")
    return token


@attrs.frozen
class NodeConfig:
    """Role ``node``.

    :param state_dir: keys, party file, undo journal.
    :param run_dir: the socket of the local API.
    :param server: default control server for new parties; empty = the user names one.
    :param region: of relays that it prefers.
    :param weights: of the choice among relays.
    """

    state_dir: Path
    run_dir: Path
    devices: Devices = Devices()
    server: str = ""
    region: str = ""
    weights: Weights = Weights()

    @classmethod
    def parse(cls, options: dict[str, str]) -> NodeConfig:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        kind = options["wireguard"]
        if kind not in TUNNEL_KINDS:
            raise BadInput("wireguard", f"{kind!r} is none of {', '.join(TUNNEL_KINDS)}")
        devices = Devices(
            check_device_name(options["tunnel-device"], "tunnel-device"),
            kind,
            check_device_name(options["card"], "card"),
            parse_port(options["wireguard-port"], "wireguard-port", zero=True),
            parse_switch(options["birthday"], "birthday"),
            parse_port_mapping(options),
            LanSettings.parse(options),
        )
        server = options.get("server") or ""
        if server:
            check_address(server, "server")
        region = parse_region(options["relay-region"], "relay-region")
        weights = parse_weights(options["relay-weights"], "relay-weights")
        return cls(*folders(options), devices, server, region, weights)

    def with_server(self, server: str) -> NodeConfig:
        """The same with another default control server."""
        return attrs.evolve(self, server=server)


@attrs.frozen
class ControlConfig:
    """Role ``control``.

    :param listen: Twisted endpoint string (https://docs.twistedmatrix.com, "endpoints").
    :param public: ``host:port`` under which nodes reach this server, for messages to the user.
    :param relays: that nodes are told of.
    :param registration: who may found parties.
    :param ban_file: whom it does not serve.
    :param door: certificate and proxies.
    :param flush_interval: seconds between two writes of changes that need not be durable.
    :param alternate: the reflector's second address and port.
    :param relay_keys: identities of relays that may report.
    :param map_ports: ask the router to map this server's ports.
    """

    state_dir: Path
    listen: str = f"tcp:{CONTROL_PORT}"
    stun_port: int = STUN_PORT
    public: str = ""
    relays: tuple[RelayInfo, ...] = ()
    registration: Registration = Registration()
    ban_file: Path | None = None
    door: DoorSettings = DoorSettings()
    flush_interval: float = INTERVAL
    alternate: Alternate | None = Alternate(STUN_PORT + 1, needed=False)
    relay_keys: frozenset[bytes] = frozenset()
    map_ports: bool = False

    @classmethod
    def parse(cls, options: dict[str, str]) -> ControlConfig:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        relays = tuple(parse_relay(text, "relay") for text in options["relay"].split(",") if text)
        stun = parse_port(options["stun-port"], "stun-port")
        public = options["public-address"]
        if public and ":" not in public:
            public = f"{public}:{CONTROL_PORT}"
        if public:
            check_address(public, "public-address")
        registration = Registration(options["registration"], parse_token_file(options["registration-token-file"]))
        bans = Path(options["ban-file"]) if options["ban-file"] else None
        door = DoorSettings.parse(options["tls-certificate"], options["tls-key"], options["proxy"])
        interval = parse_interval(options["flush-interval"], "flush-interval")
        keys = frozenset(parse_public_key(text, "relay-key") for text in options["relay-key"].split(",") if text)
        other, maps = Alternate.parse(options["stun-alternate"], stun), parse_port_mapping(options)
        own = (options["listen"], stun, public, relays, registration, bans, door, interval, other, keys, maps)
        return cls(folders(options)[0], *own)


@attrs.frozen
class RelayConfig:
    """Role ``relay``.

    :param server_key: Ed25519 public key of the control server whose tickets count.
    :param host: address to listen on; empty = all.
    :param plan: what it tells of itself, and how it stops.
    :param control: ``HOST:PORT`` of the control server that it reports to; empty = none.
    :param state_dir: where its own identity is, and the undo journal.
    """

    server_key: bytes
    ports: tuple[int, int] = RELAY_PORTS
    host: str = ""
    plan: RelayPlan = RelayPlan()
    control: str = ""
    state_dir: Path = Path()

    @classmethod
    def parse(cls, options: dict[str, str]) -> RelayConfig:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        if not options.get("server-key"):
            raise BadInput("server-key", "a relay needs the control server's key, 64 hexadecimal digits or @FILE")
        host = options["host"]
        if host and not _is_address(host):
            raise BadInput("host", f"{host!r} is no address of this machine")
        control = options["control"]
        if control:
            control = check_address(control if ":" in control else f"{control}:{CONTROL_PORT}", "control")
        if options["public-host"]:
            check_address(f"{options['public-host']}:1", "public-host")
        key, ports = parse_public_key(options["server-key"], "server-key"), parse_ports(options["ports"], "ports")
        return cls(key, ports, host, parse_plan(options), control, folders(options)[0])


@attrs.frozen
class AllConfig:
    """Every role on one machine: the embedded default."""

    control: ControlConfig
    ports: tuple[int, int]
    node: NodeConfig
    plan: RelayPlan = RelayPlan()

    @classmethod
    def parse(cls, options: dict[str, str]) -> AllConfig:
        """Read the options.

        :raises BadInput: names the option and the rule.
        """
        ports = parse_ports(options["ports"], "ports")
        control = ControlConfig.parse(options)
        own = RelayInfo("", *ports)
        node, plan = NodeConfig.parse(options), parse_plan(options)
        return cls(attrs.evolve(control, relays=(own, *control.relays)), ports, node, plan)


CONFIGS: dict[str, type[NodeConfig] | type[ControlConfig] | type[RelayConfig] | type[AllConfig]] = {
    "node": NodeConfig,
    "control": ControlConfig,
    "relay": RelayConfig,
    "all": AllConfig,
}
"""The configuration of each role."""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def folders(options: dict[str, str]) -> tuple[Path, Path]:
    """State and run folder, by option or default."""
    root = os.geteuid() == 0
    environment = dict(os.environ)
    state = Path(options.get("state-dir") or default_folder(environment, root))
    run = Path(options.get("run-dir") or default_run_folder(environment, root))
    return state, run
