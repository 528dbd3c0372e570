"""The web page in a real browser (``make test-lab``), and what its sources must keep without one."""
