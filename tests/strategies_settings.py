"""hypothesis strategies for settings: texts that keep a setting's rule, sets of them."""

from __future__ import annotations

from enum import Enum

from hypothesis import strategies as st

from lanrage.core.relay_choice import Weights
from lanrage.core.setting import Setting
from lanrage.core.settings_rules import Number, OneOf, OneWord, OnOff, Port, Whole
from lanrage.core.settings_schema import SCHEMA

KEY = "ab" * 32

TEXTS: dict[str, tuple[str, ...]] = {
    "links.device": ("wg7", "lanrage-wg0"),
    "lan.card": ("lan7", "games.0"),
    "node.server": ("", "play.example.org:7766", "[2001:db8::1]:1"),
    "node.relay_region": ("", "eu-west"),
    "node.relay_weights": ("", "load=1", ",".join(f"{name}=7.5" for name in Weights.names())),
    "games.tc_class": ("", "1:10", "ffff:a"),
    "games.profiles": ("", "/home/ann/games"),
    "web.listen": ("", "tcp:7767:interface=127.0.0.1", "tcp6:0:interface=\\:\\:1"),
    "lan.ports": ("", "4445,27960-27963/udp"),
    "lan.services": ("", "mdns", "mdns,ssdp"),
    "control.listen": ("tcp:7766", "unix:/run/lanrage/control.sock", "systemd:domain=INET:index=0"),
    "control.tls_certificate": ("", "/etc/a.pem"),
    "control.tls_key": ("", "/etc/Schlüssel.pem"),
    "control.proxy": ("", "192.0.2.0/24,unix"),
    "control.stun_alternate": ("", "none", ":3480"),
    "control.public_address": ("", "play.example.org", "192.0.2.1:7000"),
    "control.relays": ("", ":7800-7810,relay.example.org:9000"),
    "control.relay_keys": ("", KEY, f"{KEY},@/etc/relay.pub"),
    "control.registration_token_file": ("", "/etc/token"),
    "control.ban_file": ("", "/etc/bans"),
    "relay.ports": ("7800-7863", "9000"),
    "relay.server_key": ("", KEY),
    "relay.host": ("", "192.0.2.1", "::1"),
    "relay.control": ("", "play.example.org"),
    "relay.public_host": ("", "relay.example.org"),
    "relay.region": ("", "eu"),
    "metrics.listen": ("", "tcp:7768:interface=127.0.0.1", "unix:/run/lanrage/metrics.sock"),
    "alerts.limits": ("", "quality=70,lag=0.2"),
    "log.level": ("debug", "warning,lanrage.net=debug"),
    "log.file": ("", "/var/log/lanrage.log"),
    "notify.targets": (
        "",
        "json=http://127.0.0.1:1/s3cret ntfy[joined,left]=https://ntfy.example.org/s3cret",
        "discord=@/etc/hook",
    ),
    "notify.ntfy_token": ("", "tk_s3cret", "@/etc/token"),
    "notify.matrix_token": ("", "syt_s3cret", "@/etc/token"),
    "desktop.notify": ("off", "all", "joined ready"),
    "discord.client_id": ("", "123456789012345678"),
    "alerts.webhook": ("", "https://hooks.example.org/1/s3cret", "@/etc/hook"),
}
"""Right texts of the settings that are neither words nor numbers."""


def values_of(kind: type[Enum]) -> list[str]:
    """The words of an enumeration."""
    return [each.value for each in kind]


def texts(row: Setting) -> st.SearchStrategy[str]:
    """Texts that keep a setting's rule."""
    match row.rule:
        case OneWord(choices=choices):
            return st.sampled_from(choices)
        case OneOf(kind=kind):
            return st.sampled_from(values_of(kind))
        case OnOff():
            return st.sampled_from(("on", "off"))
        case Number(low=low, high=high):
            return st.floats(low, high).map(repr) | st.integers(int(low) + 1, int(high)).map(str)
        case Whole(low=low, high=high):
            return st.integers(low, high).map(str)
        case Port(zero=zero):
            return st.integers(0 if zero else 1, 65535).map(str)
        case _:
            return st.sampled_from(TEXTS[row.name])


rows = st.sampled_from(SCHEMA)
changes = st.lists(rows, max_size=8, unique_by=lambda row: row.name).flatmap(
    lambda chosen: st.fixed_dictionaries({row.name: texts(row) for row in chosen})
)
"""Values of some settings, by name."""
set_names = st.sampled_from(("main", "lan-party", "home.2", "A"))
