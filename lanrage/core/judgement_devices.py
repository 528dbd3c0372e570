"""What the doctor says of the node's two devices and the party's addresses (:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

from lanrage.core.diagnosis import CardFacts, Check, DeviceFacts, Facts
from lanrage.core.doctor_faults import fine, found
from lanrage.core.links import TUNNEL_MTU

LOOSE_RP_FILTER = 2
"""The members' packets come by the other device, so the card's filter must be loose."""


def judge_tunnel(facts: Facts) -> Iterator[Check]:
    """WireGuard's device."""
    tunnel = facts.node.tunnel if facts.node else None
    if tunnel is None:
        return
    device = _device(facts, tunnel.device)
    if device is None:
        yield fine("tunnel", f"nobody could look at the device {tunnel.device}", level="unknown")
    elif not device.present or not device.up:
        state = "down" if device.present else "gone"
        yield found("tunnel_down", f"the device {tunnel.device} is {state}", device=tunnel.device)
    else:
        yield fine("tunnel", f"{tunnel.device} is up ({tunnel.kind}) on UDP port {tunnel.port}")


def judge_card(facts: Facts) -> Iterator[Check]:
    """The LAN card, and what it does for games' sockets."""
    card = facts.node.card if facts.node else None
    if card is None:
        return
    device = _device(facts, card.name)
    if device is None:
        yield fine("card", f"nobody could look at the card {card.name}", level="unknown")
        return
    faults = list(_card_faults(device, card))
    yield from faults
    if not faults:
        yield fine("card", f"{card.name} is up with {card.address}, games can broadcast on it")
    if card.sockets or card.translated:
        words = f"{card.sockets} ports bound to {card.name}, {card.translated} bound to a real address"
        yield fine("sockets", f"games' sockets that are helped: {words}")
    if card.routes:
        yield fine("route", f"{card.routes} routes lead games' unbound broadcasts to {card.name}")


def judge_subnet(facts: Facts) -> Iterator[Check]:
    """Whether another network of this machine has the party's addresses.

    A route to a larger network is none that fights: the party's own is nearer.
    """
    node = facts.node
    subnet = _network(node.card.subnet) if node is not None and node.card is not None else None
    if node is None or node.card is None or subnet is None:
        return
    ours = {node.card.name, node.tunnel.device if node.tunnel is not None else ""}
    clashes = 0
    for route in facts.local.routes:
        network = _network(route.network)
        if network is not None and route.device not in ours and network.subnet_of(subnet):
            clashes += 1
            words = f"{route.device} has {route.network}, which is of the party's network {node.card.subnet}"
            yield found("subnet_clash", words, network=route.network, device=route.device)
    if not clashes and facts.local.routes:
        yield fine("subnet", f"no other network of this machine has the party's addresses {node.card.subnet}")


def _network(text: str) -> IPv4Network | None:
    try:
        network = ip_network(text)
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) else None


def _device(facts: Facts, name: str) -> DeviceFacts | None:
    return next((device for device in facts.local.devices if device.name == name), None)


def _card_faults(device: DeviceFacts, card: CardFacts) -> Iterator[Check]:
    name = device.name
    if not device.present or not device.up:
        yield found("card_down", f"the card {name} is {'down' if device.present else 'gone'}", device=name)
        return
    if not device.broadcast:
        yield found("card_no_broadcast", f"the card {name} cannot broadcast")
    if card.address not in device.addresses:
        yield found("card_address_lost", f"the card {name} lost its address {card.address}", device=name)
    if device.rp_filter is not None and device.rp_filter != LOOSE_RP_FILTER:
        words = f"the reverse path filter of {name} is {device.rp_filter}: members' packets are dropped or unchecked"
        yield found("card_filter_strict", words, device=name)
    if device.mtu > TUNNEL_MTU:
        words = f"the card's MTU {device.mtu} is more than a tunnel carries"
        yield found("card_mtu", words, device=name, mtu=TUNNEL_MTU)
