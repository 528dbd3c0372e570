"""What hypothesis draws for port mapping: messages of PCP, NAT-PMP, SSDP and SOAP, wishes, leases."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import strategies as st

from lanrage.core.mapping import NONCE_BYTES, Lease, Method, Transport, Wish
from lanrage.wire import igd, natpmp, pcp, ssdp

addresses = st.builds(IPv4Address, st.integers(0, 2**32 - 1))
ports = st.integers(0, 65535)
numbers = st.integers(0, 2**32 - 1)
nonces = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
transports = st.sampled_from(Transport)
wishes = st.builds(Wish, transports, st.integers(1, 65535))
leases = st.builds(
    Lease,
    st.sampled_from(Method),
    addresses,
    addresses,
    wishes,
    ports,
    nonces,
    st.integers(0, 2**40),
)

pcp_mappings = st.builds(pcp.Mapping, nonces, st.integers(0, 255), ports, ports, addresses)
pcp_requests = st.builds(pcp.Request, addresses, numbers, st.none() | pcp_mappings)
pcp_responses = st.one_of(
    st.builds(pcp.Response, st.integers(0, 255), numbers, numbers, pcp_mappings),
    st.builds(pcp.Response, st.integers(1, 255), numbers, numbers),
    st.builds(pcp.Response, st.integers(0, 255), numbers, numbers, st.none(), st.just(pcp.Opcode.ANNOUNCE)),
)

natpmp_mappings = st.builds(natpmp.Mapping, transports, ports, ports, numbers)
natpmp_requests = st.builds(natpmp.Request, st.none() | natpmp_mappings)
natpmp_responses = st.one_of(
    st.builds(natpmp.Response, st.just(0), numbers, natpmp_mappings),
    st.builds(natpmp.Response, st.just(0), numbers, st.none(), addresses),
    st.builds(natpmp.Response, st.integers(1, 65535), numbers),
)

plain = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
found = st.builds(ssdp.Found, plain, plain, plain)

words = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=40).map(str.strip)
calls = st.builds(igd.Call, words, st.lists(st.tuples(words, texts), max_size=8).map(tuple))
services = st.builds(igd.Service, st.sampled_from(igd.SERVICES), st.just("http://192.168.1.1:80/ctl"))
