# make run · make test · make demo; everything else is for those who change LANrage (docs/development.rst).
SHELL := /bin/bash
BIN := .venv/bin
PREPARE := .ci/prepare
# Debian keeps game servers in /usr/games and network tools in /usr/sbin, which a user's path may lack.
export PATH := $(PATH):/usr/sbin:/sbin:/usr/games
PYTEST := $(BIN)/python -m pytest
# Without root the tests of real devices are skipped, and the threshold of pyproject.toml cannot hold.
# Nor can it when ARGS choose some tests.
COVERAGE := $(if $(ARGS),,--cov --cov-report=term $(if $(filter 0,$(shell id -u)),,--cov-fail-under=0))
# Many tests wait for real processes and timers more than they compute: three at a time are done in less than half the time.
PARALLEL := $(if $(ARGS),,-n 3 --dist loadfile)
ARGS ?=

.PHONY: help run demo grid deb test test-lab test-kernel test-all lint format types docs messages tour snapshots golden clean

help:
	@echo "make run          install into .venv and start the service (control, relay and node on this machine)"
	@echo "make test         unit, contract, property and small laboratory tests"
	@echo "make demo         three hosts behind NATs find each other's real game servers (root)"
	@echo "make deb          a Debian package, in dist"
	@echo "more: grid test-lab test-kernel test-all lint format types docs messages tour snapshots golden clean"

run:
	@$(PREPARE) run
	@exec $(BIN)/twistd -n --pidfile= lanrage $(ARGS)

grid:
	@$(PREPARE) test
	@$(BIN)/lanrage lab grid --rst docs/lab-grid.rst $(ARGS)

deb:
	@$(PREPARE) deb
	@packaging/deb/build

demo:
	@$(PREPARE) test
	@$(BIN)/lanrage lab demo $(ARGS)

test:
	@$(PREPARE) test
	@$(PYTEST) -m "not lab and not kernel" $(PARALLEL) $(COVERAGE) $(ARGS)

test-lab:
	@$(PREPARE) lab
	@$(PYTEST) -m lab $(ARGS)

test-kernel:
	@$(PREPARE) kernel
	@$(BIN)/python -m tests.kernel.run $(ARGS)

test-all: export HYPOTHESIS_PROFILE := explore
test-all: test test-lab test-kernel

lint:
	@$(PREPARE) dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/hadolint packaging/oci/Containerfile
	$(BIN)/pylint --score=y lanrage tests twisted/plugins/lanrage_plugin.py

format:
	@$(PREPARE) dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types:
	@$(PREPARE) dev
	$(BIN)/mypy

docs:
	@$(PREPARE) docs
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

messages:
	@$(PREPARE) test
	$(BIN)/python docs/tables.py

# The pictures of docs/tour.rst, as root: two nodes in the laboratory, and their pages in a browser.
tour:
	@$(PREPARE) lab
	$(BIN)/python docs/tour_pictures.py

# The words of NEWS.rst that tell of the change: make snapshots NEWS="...".
snapshots:
	@$(PREPARE) test
	@$(BIN)/python -m tests.snapshots "$(NEWS)"

golden:
	@$(PREPARE) test
	@$(BIN)/python -m tests.golden

clean:
	rm -rf .venv build dist docs/_build *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		_trial_temp* twistd.pid twisted/plugins/dropin.cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
