"""The settings of a control server and of a relay."""

from __future__ import annotations

from lanrage.core.admission import REGISTRATIONS
from lanrage.core.origins import Proxies
from lanrage.core.relay_report import FULL_PACKETS
from lanrage.core.setting import FORWARDER, RELAY, SERVER, Setting
from lanrage.core.settings_limits import (
    CONTROL_PORT,
    DRAIN,
    DRAIN_LONGEST,
    FLUSH_INTERVAL,
    FLUSH_INTERVAL_MS,
    LOAD_LIMIT,
    RELAY_MODES,
    RELAY_PORTS,
    RELAY_PORTS_LIMIT,
    STUN_PORT,
)
from lanrage.core.settings_rules import Number, OneWord, Port, Text, Whole
from lanrage.core.settings_texts import (
    any_text,
    check_endpoint,
    check_keys,
    parse_host,
    parse_own_host,
    parse_ports,
    parse_public,
    parse_region,
    parse_relays,
)

_PATH = Text("a file's path, or empty", any_text)
_KEYS = Text("64 hexadecimal digits or @FILE, commas between", check_keys)

CONTROL_SETTINGS = (
    Setting(
        "control.listen",
        "listen",
        Text("a Twisted endpoint string", check_endpoint),
        f"tcp:{CONTROL_PORT}",
        "Where nodes connect: a Twisted endpoint string (tcp:, unix:, systemd:).",
        SERVER,
    ),
    Setting(
        "control.tls_certificate",
        "tls-certificate",
        _PATH,
        "",
        "A CA's certificate with its chain, PEM; without one the server makes its own.",
        SERVER,
    ),
    Setting(
        "control.tls_key",
        "tls-key",
        _PATH,
        "",
        "The key of that certificate, PEM; both files are read anew when they change.",
        SERVER,
    ),
    Setting(
        "control.proxy",
        "proxy",
        Text("addresses, networks or unix, commas between", Proxies.parse),
        "",
        "Proxies whose X-Forwarded-For counts: addresses, networks or unix, comma between.",
        SERVER,
    ),
    Setting("control.stun_port", "stun-port", Port(), str(STUN_PORT), "UDP port of the reflector.", SERVER),
    Setting(
        "control.stun_alternate",
        "stun-alternate",
        Text("HOST[:PORT], :PORT, none, or empty", any_text),
        "",
        "Its second address and port, HOST[:PORT] or :PORT; none = no second port.",
        SERVER,
    ),
    Setting(
        "control.public_address",
        "public-address",
        Text("HOST[:PORT], or empty", parse_public),
        "",
        "HOST[:PORT] under which nodes reach this server; shown in hints.",
        SERVER,
    ),
    Setting(
        "control.relays",
        "relay",
        Text("HOST:FIRST-LAST, commas between", parse_relays),
        "",
        "Relays to tell nodes of: HOST:FIRST-LAST, comma between; an empty HOST is this server's.",
        SERVER,
    ),
    Setting(
        "control.relay_keys",
        "relay-key",
        _KEYS,
        "",
        "Relays that may report: their keys (relay.pub), 64 hex digits or @FILE, comma between.",
        SERVER,
    ),
    Setting(
        "control.registration",
        "registration",
        OneWord(REGISTRATIONS),
        "open",
        "Who may found parties: open (everybody), token or closed (nobody).",
        SERVER,
        live=True,
    ),
    Setting(
        "control.registration_token_file",
        "registration-token-file",
        _PATH,
        "",
        "With --registration=token: the file that holds the token.",
        SERVER,
        live=True,
    ),
    Setting(
        "control.ban_file",
        "ban-file",
        _PATH,
        "",
        "File of whom not to serve: an identity, address or network a line; read when it changes.",
        SERVER,
    ),
    Setting(
        "state.flush_interval",
        "flush-interval",
        Whole(*FLUSH_INTERVAL_MS, "milliseconds", 0.001),
        str(round(FLUSH_INTERVAL * 1000)),
        "Milliseconds that a change may wait that need not be durable.",
        SERVER,
    ),
)

RELAY_PORTS_SETTING = Setting(
    "relay.ports",
    "ports",
    Text(f"FIRST-LAST with 1 to {RELAY_PORTS_LIMIT} ports", parse_ports),
    "{}-{}".format(*RELAY_PORTS),
    "UDP ports, FIRST-LAST.",
    FORWARDER,
)

RELAY_SETTINGS = (
    Setting(
        "relay.server_key",
        "server-key",
        _KEYS,
        "",
        "Public key of the control server whose tickets count: 64 hex digits, or @FILE.",
        (RELAY,),
    ),
    Setting(
        "relay.host",
        "host",
        Text("an address of this machine, or empty", parse_own_host),
        "",
        "Address to listen on (default: all).",
        (RELAY,),
    ),
    Setting(
        "relay.control",
        "control",
        Text("HOST[:PORT], or empty", parse_public),
        "",
        "HOST[:PORT] of the control server to report to (default: no reports).",
        (RELAY,),
    ),
    Setting(
        "relay.public_host",
        "public-host",
        Text("an address or name without a port, or empty", parse_host),
        "",
        "Address or name at which nodes reach it (default: as the control server sees it).",
        (RELAY,),
        live=True,
    ),
)

STOPPING_SETTINGS = (
    Setting(
        "relay.region",
        "region",
        Text("at most 32 letters, digits, dots, underscores and hyphens", parse_region),
        "",
        "Where the relay stands, in a word of yours; members may prefer a region.",
        FORWARDER,
        live=True,
    ),
    Setting(
        "relay.drain",
        "drain",
        Number(0.0, DRAIN_LONGEST, "seconds"),
        f"{DRAIN:g}",
        "Seconds that it forwards on after it was told to stop; 0 = none.",
        FORWARDER,
        live=True,
    ),
    Setting(
        "relay.mode",
        "mode",
        OneWord(RELAY_MODES),
        "auto",
        "How the relay forwards: auto, kernel (nftables; needs rights) or userspace.",
        FORWARDER,
    ),
    Setting(
        "relay.full_load",
        "full-load",
        Number(1.0, LOAD_LIMIT, "packets a second"),
        f"{FULL_PACKETS:g}",
        "Packets a second that count as their full load.",
        FORWARDER,
        live=True,
    ),
)
