"""Pure values, rules and state machines: ``now`` is an argument; no reactor, socket or clock."""
