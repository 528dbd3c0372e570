# make run · make test · make demo; everything else is for those who change LANrage (docs/development.rst).
SHELL := /bin/bash
BIN := .venv/bin
PREPARE := .ci/prepare
# The nodes of a laboratory keep to the programs of the games, which Debian puts into /usr/games.
export PATH := $(PATH):/usr/sbin:/sbin:/usr/games
PYTEST := $(BIN)/python -m pytest
COVERAGE := --cov --cov-report=term
ARGS ?=

.PHONY: help run demo test test-lab test-kernel test-all lint format types docs clean

help:
	@echo "make run          install into .venv and start the service (control, relay and node on this machine)"
	@echo "make test         unit, contract, property and small laboratory tests"
	@echo "make demo         three hosts behind NATs find each other's real game servers (root)"
	@echo "more: test-lab test-kernel test-all lint format types docs clean"

run:
	@$(PREPARE) run
	@exec $(BIN)/twistd -n --pidfile= lanrage $(ARGS)

demo:
	@$(PREPARE) test
	@$(BIN)/lanrage lab demo $(ARGS)

test:
	@$(PREPARE) test
	@$(PYTEST) -m "not lab and not kernel" $(COVERAGE) $(ARGS)

test-lab:
	@$(PREPARE) test
	@$(PYTEST) -m lab $(ARGS)

test-kernel:
	@$(PREPARE) kernel
	@$(BIN)/python tests/kernel/run.py $(ARGS)

test-all: export HYPOTHESIS_PROFILE := explore
test-all: test test-lab test-kernel

lint:
	@$(PREPARE) dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
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

clean:
	rm -rf .venv build dist docs/_build *.egg-info .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		_trial_temp* twistd.pid twisted/plugins/dropin.cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
