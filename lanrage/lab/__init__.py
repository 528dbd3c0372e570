"""The laboratory: hosts, NAT routers and a WAN in network namespaces (``docs/lab.rst``)."""
