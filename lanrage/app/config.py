"""What each role is told at its start; checked here, at the door, with errors that name the option and the rule."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from lanrage.app.control_door import DoorSettings
from lanrage.app.desktop_config import DesktopSettings
from lanrage.app.discord_config import DiscordSettings
from lanrage.app.games_config import GamesSettings
from lanrage.app.lan_config import LanSettings
from lanrage.app.machinery import Devices
from lanrage.app.reflector import Alternate
from lanrage.app.relay import RelayPlan
from lanrage.app.relay_config import parse_plan
from lanrage.app.role_sockets import default_socket
from lanrage.app.settings_options import read, text_of
from lanrage.core.admission import Registration
from lanrage.core.links import KEY_BYTES
from lanrage.core.relay_choice import Weights
from lanrage.core.settings_limits import CONTROL_PORT, FLUSH_INTERVAL, RELAY_PORTS, STUN_PORT
from lanrage.core.settings_texts import parse_relay_ports
from lanrage.core.settings_web import WebListen
from lanrage.errors import BadInput
from lanrage.store.named_file import read_named
from lanrage.wire.control import TOKEN_LIMIT, RelayInfo
from lanrage.wire.local import check_socket_path

GAMES_FOLDER = "games"
"""Of the state folder: the user's own profiles of games."""
RELAY_FOLDER = "relay"
"""Of the state folder: the relay's undo journal."""


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


def parse_relay(text: str, field: str) -> RelayInfo:
    """``HOST:FIRST-LAST`` of a relay; an empty host is that of the control server.

    :raises BadInput: names `field`.
    """
    return RelayInfo(*parse_relay_ports(text, field))


def parse_public_key(text: str, field: str) -> bytes:
    """64 hexadecimal digits, or ``@FILE`` that holds them.

    :raises BadInput: names `field`.
    """
    if text.startswith("@"):
        try:
            text = read_named(text[1:])
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


def parse_registration(options: dict[str, str]) -> Registration:
    """Who may found parties.

    :raises BadInput: names the option and the rule.
    """
    token = parse_token_file(text_of(options, "control.registration_token_file"))
    return Registration(read(options, "control.registration"), token)


@attrs.frozen
class NodeConfig:
    """Role ``node``.

    :param state_dir: keys, party file, undo journal.
    :param run_dir: the socket of the local API.
    :param server: default control server for new parties; empty = the user names one.
    :param region: of relays that it prefers.
    :param weights: of the choice among relays.
    :param serves_guests: it is the way in for devices without LANrage.
    :param games: the folder of the user's own profiles of games; ``None``: in the state folder.
    :param detection: how games are noticed.
    :param announce: the targets of notices are told of games, too.
    :param discord: what is shown there.
    :param desktop: what the users' desktops are told.
    :param web: where the page for browsers is; ``None``: nowhere.
    """

    state_dir: Path
    run_dir: Path
    devices: Devices = Devices()
    server: str = ""
    region: str = ""
    weights: Weights = Weights()
    games: Path | None = None
    detection: GamesSettings = GamesSettings()
    announce: bool = False
    discord: DiscordSettings = DiscordSettings()
    desktop: DesktopSettings = DesktopSettings()
    web: WebListen | None = None
    serves_guests: bool = True

    @property
    def games_dir(self) -> Path:
        """The folder of the user's own profiles of games."""
        return self.games if self.games is not None else self.state_dir / GAMES_FOLDER

    @classmethod
    def parse(cls, options: dict[str, str]) -> NodeConfig:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        devices = Devices(
            read(options, "links.device"),
            read(options, "links.wireguard"),
            read(options, "lan.card"),
            read(options, "links.port"),
            read(options, "links.birthday"),
            read(options, "net.port_mapping") == "auto",
            LanSettings.parse(options),
            read(options, "games.marks"),
            read(options, "games.tc_class"),
        )
        server, region = read(options, "node.server"), read(options, "node.relay_region")
        games, detection = read(options, "games.profiles"), GamesSettings.parse(options)
        weights, folder = read(options, "node.relay_weights"), Path(games) if games else None
        announce, web = read(options, "games.announce"), read(options, "web.listen")
        discord, desktop = DiscordSettings.parse(options), DesktopSettings.parse(options)
        node = cls(*folders(options), devices, server, region, weights, folder, detection, announce)
        serves = read(options, "guests.serve") == "allow"
        return attrs.evolve(node, discord=discord, desktop=desktop, web=web, serves_guests=serves)

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
    flush_interval: float = FLUSH_INTERVAL
    alternate: Alternate | None = Alternate(STUN_PORT + 1, needed=False)
    relay_keys: frozenset[bytes] = frozenset()
    map_ports: bool = False

    @classmethod
    def parse(cls, options: dict[str, str]) -> ControlConfig:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        relays = tuple(RelayInfo(*each) for each in read(options, "control.relays"))
        stun, public = read(options, "control.stun_port"), read(options, "control.public_address")
        registration = parse_registration(options)
        ban_file = text_of(options, "control.ban_file")
        files = (text_of(options, "control.tls_certificate"), text_of(options, "control.tls_key"))
        door = DoorSettings.parse(*files, text_of(options, "control.proxy"))
        named = text_of(options, "control.relay_keys").split(",")
        return cls(
            folders(options)[0],
            read(options, "control.listen"),
            stun,
            public,
            relays,
            registration,
            Path(ban_file) if ban_file else None,
            door,
            read(options, "state.flush_interval"),
            Alternate.parse(text_of(options, "control.stun_alternate"), stun),
            frozenset(parse_public_key(each, "relay-key") for each in named if each),
            read(options, "net.port_mapping") == "auto",
        )


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
        named = text_of(options, "relay.server_key")
        if not named:
            raise BadInput("server-key", "a relay needs the control server's key, 64 hexadecimal digits or @FILE")
        host, control = read(options, "relay.host"), read(options, "relay.control")
        key, ports = parse_public_key(named, "server-key"), read(options, "relay.ports")
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
        ports = read(options, "relay.ports")
        control = ControlConfig.parse(options)
        own = RelayInfo("", *ports)
        node, plan = NodeConfig.parse(options), parse_plan(options)
        return cls(attrs.evolve(control, relays=(own, *control.relays)), ports, node, plan)


@attrs.frozen
class AgentConfig:
    """Role ``agent``.

    :param socket: of the node that it attends.
    :param games: folder of the user's own profiles.
    """

    socket: Path
    games: Path

    @classmethod
    def parse(cls, options: dict[str, str]) -> AgentConfig:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        socket = check_socket_path(options.get("socket") or default_socket())
        return cls(Path(socket), folders(options)[0] / "games")


Config = NodeConfig | ControlConfig | RelayConfig | AllConfig | AgentConfig
CONFIGS: dict[str, type[Config]] = {
    "node": NodeConfig,
    "control": ControlConfig,
    "relay": RelayConfig,
    "all": AllConfig,
    "agent": AgentConfig,
}
"""The configuration of each role."""


def folders(options: dict[str, str]) -> tuple[Path, Path]:
    """State and run folder, by option or default."""
    root = os.geteuid() == 0
    environment = dict(os.environ)
    state = Path(options.get("state-dir") or default_folder(environment, root))
    run = Path(options.get("run-dir") or default_run_folder(environment, root))
    return state, run
