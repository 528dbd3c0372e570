"""Ports that a party never reaches unless the user names them: services of a machine, with the reason of each.

Everything below 1024 is a machine's services (RFC 6335, 6). Above, these are the usual ports of administration, file
sharing, databases and containers; numbers are those of the IANA registry or, where there is none, of the program.
A list cannot be complete: ``lan.exposure = games`` closes all that no game uses.
"""

from __future__ import annotations

from lanrage.core.frame_rules import DOOM_PORT
from lanrage.core.play_ports import PROTOS, Proto, Span, merged

_ROWS: tuple[tuple[str, str, str], ...] = (
    # administration and remote control
    ("2222", "tcp", "SSH on its second port"),
    ("3389", "both", "remote desktop (RDP)"),
    ("5900-5910", "tcp", "remote desktop (VNC)"),
    ("5938", "both", "TeamViewer"),
    ("7070", "tcp", "AnyDesk"),
    ("21115-21119", "both", "RustDesk"),
    ("47984-47990", "tcp", "Sunshine: the whole screen, and its settings"),
    ("1714-1764", "both", "KDE Connect: input and files of the desktop"),
    ("6000-6063", "tcp", "X11: the whole screen and keyboard"),
    ("4713", "tcp", "PulseAudio: the microphone"),
    ("5985-5986", "tcp", "Windows remote management"),
    ("5357-5358", "tcp", "web services of devices (WSDAPI)"),
    ("8006", "tcp", "Proxmox"),
    ("9090", "tcp", "Cockpit, Prometheus"),
    ("10000", "tcp", "Webmin"),
    ("16509", "tcp", "libvirt"),
    ("16514", "tcp", "libvirt over TLS"),
    ("5037", "tcp", "Android debugging server"),
    ("5555", "tcp", "Android debugging"),
    ("5005", "tcp", "Java debugger"),
    ("9229", "tcp", "Node.js debugger"),
    ("1099", "tcp", "Java RMI"),
    ("3000", "tcp", "development servers, Grafana"),
    ("5000", "tcp", "development servers, container registry"),
    ("8000", "tcp", "development servers"),
    ("8008", "tcp", "web administration"),
    ("8080", "tcp", "web administration, development servers"),
    ("8443", "tcp", "web administration"),
    ("8888", "tcp", "Jupyter: runs code"),
    ("11434", "tcp", "Ollama"),
    ("8123", "tcp", "Home Assistant, ClickHouse"),
    ("1080", "tcp", "SOCKS proxy: the way to other networks"),
    ("3128", "tcp", "web proxy: the way to other networks"),
    ("9050-9051", "tcp", "Tor"),
    # names, and what steers a network
    ("1900", "udp", "SSDP: names devices"),
    ("3702", "both", "WS-Discovery: names devices"),
    ("5351", "udp", "NAT-PMP and PCP: opens ports on gateways"),
    ("5353", "udp", "mDNS: names this machine's services"),
    ("5355", "both", "LLMNR: answers for names"),
    # files
    ("2049", "both", "NFS"),
    ("3240", "tcp", "USB over IP"),
    ("3260", "tcp", "iSCSI"),
    ("3690", "tcp", "Subversion"),
    ("6600", "tcp", "Music Player Daemon"),
    ("6789", "tcp", "Ceph"),
    ("3300", "tcp", "Ceph"),
    ("8096", "tcp", "Jellyfin"),
    ("8200", "tcp", "DLNA media, Vault"),
    ("8384", "tcp", "Syncthing's settings"),
    ("9091", "tcp", "Transmission's settings"),
    ("9418", "tcp", "Git"),
    ("10809", "tcp", "network block devices"),
    ("17500", "both", "Dropbox"),
    ("22000", "both", "Syncthing"),
    ("24007-24008", "tcp", "GlusterFS"),
    ("32400", "tcp", "Plex"),
    # databases and queues
    ("1433", "tcp", "Microsoft SQL Server"),
    ("1434", "udp", "Microsoft SQL Server's browser"),
    ("1521", "tcp", "Oracle"),
    ("1883", "tcp", "MQTT"),
    ("2181", "tcp", "ZooKeeper"),
    ("3050", "tcp", "Firebird"),
    ("3306", "tcp", "MySQL, MariaDB"),
    ("4369", "tcp", "Erlang's port mapper"),
    ("5432-5433", "tcp", "PostgreSQL"),
    ("5671-5672", "tcp", "AMQP"),
    ("5984", "tcp", "CouchDB"),
    ("6379", "tcp", "Redis"),
    ("7474", "tcp", "Neo4j"),
    ("7687", "tcp", "Neo4j"),
    ("8086", "tcp", "InfluxDB"),
    ("8883", "tcp", "MQTT over TLS"),
    ("9042", "tcp", "Cassandra"),
    ("9092", "tcp", "Kafka"),
    ("9200", "tcp", "Elasticsearch"),
    ("9300", "tcp", "Elasticsearch's cluster"),
    ("11211", "both", "Memcached"),
    ("15672", "tcp", "RabbitMQ's settings"),
    ("26379", "tcp", "Redis Sentinel"),
    ("27017-27019", "tcp", "MongoDB"),
    ("33060", "tcp", "MySQL X"),
    ("61616", "tcp", "ActiveMQ"),
    # containers
    ("2375-2377", "tcp", "Docker's API: root on this machine"),
    ("2379-2380", "tcp", "etcd"),
    ("4789", "udp", "VXLAN: whole frames for a network inside"),
    ("6443", "tcp", "Kubernetes' API"),
    ("7946", "both", "Docker Swarm"),
    ("8472", "udp", "VXLAN: whole frames for a network inside"),
    ("9000", "tcp", "Portainer, MinIO, PHP"),
    ("9443", "tcp", "Portainer"),
    ("10249-10259", "tcp", "Kubernetes"),
)

SYSTEM = "a port below 1024: a service of the machine"


def _rows() -> dict[Span, str]:
    found: dict[Span, str] = {
        Span("tcp", 1, 1023): SYSTEM,
        Span("udp", 1, DOOM_PORT - 1): SYSTEM,
        Span("udp", DOOM_PORT + 1, 1023): SYSTEM,
    }
    for ports, protos, reason in _ROWS:
        first, _, last = ports.partition("-")
        for proto in PROTOS if protos == "both" else [each for each in PROTOS if each == protos]:
            found[Span(proto, int(first), int(last or first))] = reason
    return found


KEPT_REASONS: dict[Span, str] = _rows()
"""Each span with what is there."""
KEPT: tuple[Span, ...] = merged(KEPT_REASONS)
"""The same, merged."""


def kept_reason(proto: Proto, port: int) -> str | None:
    """What is usually there, or ``None`` for a port that is not kept."""
    return next((reason for span, reason in KEPT_REASONS.items() if (proto, port) in span), None)
