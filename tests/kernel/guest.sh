#!/bin/bash
# Runs inside the virtual machine as its first work: the tests that need kernel WireGuard. Arguments: PYTHON REPOSITORY.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
# Emulation is 10 to 30 times slower than the machine, so what is awaited is awaited longer.
export LANRAGE_KERNEL_VM=1 LANRAGE_TEST_PATIENCE=5 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
modprobe tun || exit 97  # the LAN card is a TAP device; the others load by themselves
cd "$2" || exit 98
exec "$1" -m pytest tests/kernel -v --color=no -p no:cacheprovider -p no:hypothesispytest --durations=3 >/mnt/out/tests.log 2>&1
