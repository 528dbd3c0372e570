"""Each role's parts, wired in one place."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import attrs
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger

from lanrage.app.agent import AgentService
from lanrage.app.agent_doers import session_doers
from lanrage.app.api import ApiService
from lanrage.app.config import RELAY_FOLDER, AgentConfig, AllConfig, Config, ControlConfig, NodeConfig, RelayConfig
from lanrage.app.control import ControlService, ControlSettings
from lanrage.app.control_outside import ControlOutside
from lanrage.app.discord import DiscordPresence
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.machine_room import MachineRoom
from lanrage.app.metering import Metering
from lanrage.app.metering_config import MeteringSettings
from lanrage.app.metrics_of_relay import RelayReadings
from lanrage.app.metrics_sampler import Source
from lanrage.app.node import NodeService
from lanrage.app.operations import OPERATIONS
from lanrage.app.reflector import ReflectorService
from lanrage.app.relay import RelayPlan, RelayService
from lanrage.app.relay_reporter import RelayReporter
from lanrage.app.role_service import RoleService
from lanrage.app.role_sockets import ROLE_SOCKETS
from lanrage.app.service_life import Heartbeat, Readiness
from lanrage.app.settings_live import steer_control, steer_notices, steer_relay
from lanrage.app.settings_start import Start
from lanrage.app.stall_watch import StallWatch
from lanrage.app.web_service import WebService
from lanrage.core.setting import CONTROL, NODE, RELAY
from lanrage.core.settings_limits import CONTROL_PORT
from lanrage.net.supervisor import Supervisor
from lanrage.store.metric_store import file_of

log = Logger()


def make(
    reactor: Any,
    config: Config,
    metering: MeteringSettings | None = None,
    settings: Start | None = None,
    supervisor: Supervisor | None = None,
) -> RoleService:
    """The service of a role's configuration.

    :param metering: how it is measured.
    :param settings: how it was started; ``None``: with nothing but defaults.
    :param supervisor: the service manager that wants to hear of it.
    """
    for word in settings.words if settings is not None else ():
        log.warn("{word}", word=word)
    role = _make(reactor, config, metering if metering is not None else MeteringSettings(), settings)
    StallWatch(reactor).setServiceParent(role)  # type: ignore[no-untyped-call]
    if supervisor is not None:
        heartbeat = Heartbeat(reactor, supervisor, role.words)
        role.surround(heartbeat, Readiness(heartbeat))
    return role


def _make(reactor: Any, config: Config, measured: MeteringSettings, settings: Start | None) -> RoleService:
    if isinstance(config, AgentConfig):
        profiles = GameProfiles(reactor, config.games)
        discord = DiscordPresence(reactor)
        agent = AgentService(reactor, config.socket, profiles, session_doers(reactor, profiles, discord))
        discord.join = agent.hand_over
        return RoleService(
            reactor, [discord, agent], lambda: [f"agent of this session, for the node at {config.socket}"]
        )
    if isinstance(config, NodeConfig):
        return _node(reactor, config, measured, settings)
    if isinstance(config, ControlConfig):
        return _control(reactor, config, measured, settings)
    if isinstance(config, RelayConfig):
        return _relay(reactor, config, measured, settings)
    return _all(reactor, config, measured, settings)


def _relay(reactor: Any, config: RelayConfig, measured: MeteringSettings, settings: Start | None) -> RoleService:
    first, last = config.ports
    key, ports = config.server_key, config.ports
    relay = RelayService(reactor, key, ports, config.host, plan=config.plan, folder=config.state_dir / RELAY_FOLDER)
    reporters: list[Service] = []
    if config.control:  # before the relay, so that it stops after it: it tells that the relay stops
        reporters = [RelayReporter(reactor, relay, config.control, config.server_key, config.state_dir)]
    room, api = _room(reactor, RELAY, config.state_dir, settings)
    steer_relay(room.settings, relay)
    room.metering = metering = Metering(
        reactor, measured, {"relay": _of_relay(reactor, lambda: relay)}, config.state_dir, history=file_of(RELAY)
    )
    steer_notices(room.settings, metering.notices)
    parts = [metering, room, api, *reporters, relay]
    greeting = [f"relay listens on UDP {first}-{last}"]
    optional: dict[Service, tuple[Service, ...]] = {api: (), **dict.fromkeys(reporters, ())}
    room.around = role = RoleService(reactor, parts, lambda: greeting, optional=optional)
    return role


def _room(reactor: Any, role: str, folder: Path, settings: Start | None) -> tuple[MachineRoom, ApiService]:
    """By which one looks after a role that runs alone; the role can do without being asked."""
    room = MachineRoom(reactor, settings or Start.plain(folder, role))
    return room, ApiService(reactor, folder / ROLE_SOCKETS[role].socket, room, private=True)


def _of_relay(reactor: Any, relay: Callable[[], RelayService | None]) -> Source:
    readings = RelayReadings()
    return lambda: readings.read(relay(), reactor.seconds())


def _of_node(node: NodeService) -> dict[str, Source]:
    return {
        "party": node.readings_of_party,
        "lan": node.readings_of_lan,
        "games": node.readings_of_games,
        "servers": node.readings_of_servers,
    }


def _node_parts(reactor: Any, config: NodeConfig, settings: Start | None) -> tuple[NodeService, ApiService, WebService]:
    node = NodeService(reactor, config, settings=settings)
    api = ApiService(reactor, config.run_dir / ROLE_SOCKETS[NODE].socket, node)
    node.web = WebService(reactor, config.web, api.calls, tuple(OPERATIONS.values()))
    return node, api, node.web


def _node(reactor: Any, config: NodeConfig, measured: MeteringSettings, settings: Start | None) -> RoleService:
    node, api, web = _node_parts(reactor, config, settings)
    node.metering = metering = Metering(reactor, measured, _of_node(node), config.state_dir)
    _tell_news(node, metering)
    role = RoleService(
        reactor,
        [metering, api, web, node, node.news, node.discord, node.desktop, node.recent, node.games.detection],
        lambda: node.greeting(config.server or "HOST:PORT"),
        optional={node.games.detection: ()},
    )
    node.around = role
    return role


def _tell_news(node: NodeService, metering: Metering) -> None:
    """What happens in the node's party goes to those who are told."""
    node.news.listen(lambda event: metering.notices.tell(event.notice()))
    steer_notices(node.settings, metering.notices)


def _control_parts(reactor: Any, config: ControlConfig) -> tuple[ControlService, ReflectorService]:
    ports = [config.stun_port, *([config.alternate.port] if config.alternate is not None else [])]
    settings = ControlSettings(config.state_dir, config.listen, tuple(f":{port}" for port in ports), config.relays)
    settings = attrs.evolve(
        settings,
        registration=config.registration,
        ban_file=config.ban_file,
        door=config.door,
        flush_interval=config.flush_interval,
        relay_keys=config.relay_keys,
    )
    two = config.alternate is not None and config.alternate.host
    first = _first_address(config.public) if two else ""
    return ControlService(reactor, settings), ReflectorService(reactor, config.stun_port, first, config.alternate)


def _first_address(public: str) -> str:
    """The first of a reflector's two addresses: the public one where it is an address of this machine, no name and no
    address that a router translates."""
    host = public.rpartition(":")[0].strip("[]")
    try:
        address = ip_address(host)
        with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as trial:
            trial.bind((str(address), 0))
    except (ValueError, OSError):
        return own_address()
    return str(address)


def _control_greeting(control: ControlService, config: ControlConfig) -> list[str]:
    address = config.public or f"{own_address()}:{getattr(control.address, 'port', _port(config.listen))}"
    return [
        f"control server listens on {config.listen}, reflector on UDP {config.stun_port}",
        f"nodes reach it as {address}",
    ]


def _control(reactor: Any, config: ControlConfig, measured: MeteringSettings, settings: Start | None) -> RoleService:
    control, reflector = _control_parts(reactor, config)
    room, api = _room(reactor, CONTROL, config.state_dir, settings)
    steer_control(room.settings, control)
    room.metering = metering = Metering(
        reactor, measured, {"control": control.readings}, config.state_dir, history=file_of(CONTROL)
    )
    steer_notices(room.settings, metering.notices)
    room.around = role = RoleService(
        reactor,
        [metering, room, api, reflector, control, ControlOutside(reactor, control, config)],
        lambda: [
            *_control_greeting(control, config),
            f"next, on a player's machine: lanrage party create NAME --server {config.public or own_address()}",
        ],
        optional={api: ()},
        patient=[control],
    )
    return role


class EmbeddedRelay(Service):
    """The relay beside a control server in one process: it takes the server's key once that has it."""

    def __init__(
        self, reactor: Any, control: ControlService, ports: tuple[int, int], plan: RelayPlan, folder: Path
    ) -> None:
        self._reactor = reactor
        self._control = control
        self._ports = ports
        self._plan, self._folder = plan, folder
        self._relay: RelayService | None = None
        self.started: Deferred[None] = succeed(None)

    @property
    def relay(self) -> RelayService | None:
        """The relay, while it runs."""
        return self._relay

    def go_by(self, plan: RelayPlan) -> None:
        """See :meth:`RelayService.go_by`; likewise after the next start."""
        self._plan = plan
        if self._relay is not None:
            self._relay.go_by(plan)

    def startService(self) -> None:
        """Open the ports.

        :raises BadInput: field ``ports``, when one is taken.
        """
        assert self._control.key is not None
        key = self._control.key.public
        self._relay = RelayService(self._reactor, key, self._ports, "", plan=self._plan, folder=self._folder)
        self._relay.startService()
        self.started = self._relay.started
        self._relay.on_draining = self._control.relays.look
        self._control.relays.attach(self._relay)
        super().startService()  # type: ignore[no-untyped-call]

    def stopService(self) -> Deferred[Any]:
        """Close the ports."""
        super().stopService()  # type: ignore[no-untyped-call]
        relay, self._relay = self._relay, None
        if relay is None:
            return maybeDeferred(lambda: None)
        return maybeDeferred(relay.stopService).addBoth(self._stopped)

    def _stopped(self, result: Any) -> Any:
        self._control.relays.attach(None)
        return result


def _own_server(config: ControlConfig) -> str:
    """The control server beside a node, as others reach it."""
    return config.public or f"{own_address()}:{_port(config.listen)}"


def _all(reactor: Any, config: AllConfig, measured: MeteringSettings, settings: Start | None) -> RoleService:
    control, reflector = _control_parts(reactor, config.control)
    relay = EmbeddedRelay(reactor, control, config.ports, config.plan, config.node.state_dir / RELAY_FOLDER)
    server = config.node.server or _own_server(config.control)
    node, api, web = _node_parts(reactor, config.node.with_server(server), settings)
    node.server_beside = _own_server(config.control)
    steer_control(node.settings, control)
    steer_relay(node.settings, relay)
    sources: dict[str, Source] = {"control": control.readings, "relay": _of_relay(reactor, lambda: relay.relay)}
    node.metering = metering = Metering(reactor, measured, sources | _of_node(node), config.node.state_dir)
    _tell_news(node, metering)
    first, last = config.ports
    outside = ControlOutside(reactor, control, config.control, config.ports)

    def greeting() -> list[str]:
        lines = _control_greeting(control, config.control) if role.stands(control) else []
        lines += [f"relay listens on UDP {first}-{last}"] if role.stands(relay) else []
        return [*lines, *node.greeting(server)]

    # A player's own node is of use without the server beside it, which comes as soon as it can.
    role = RoleService(
        reactor,
        [
            *(metering, api, web, reflector, control, relay, outside, node),
            *(node.news, node.discord, node.desktop, node.recent, node.games.detection),
        ],
        greeting,
        optional={reflector: (), control: (), relay: (control,), outside: (control,), node.games.detection: ()},
    )
    node.around = role
    return role


def _port(listen: str) -> int:
    """The TCP port of an endpoint string, as far as it can be read from it."""
    word = next((part for part in listen.split(":")[1:] if part.isdigit()), "")
    return int(word) if word else CONTROL_PORT


def own_address() -> str:
    """This machine's address towards others (the one of its default route), else loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        try:
            asker.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(asker.getsockname()[0])
