# The commands that everybody relies on. They need Python 3.11 or newer, make and git, and nothing else.

SHELL := bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate pyproject.toml --group build
PEERS := .venv-peers
LOCK_PEERS := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --group pyproject.toml:peers
WORKERS ?= auto
PORT ?= 8000
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench format openapi screenshots lock peers clean

help:  ## What can be done
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# What is installed is marked by these two files; a changed lock installs anew.
$(VENV)/service.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; say which: make PYTHON=python3.11 demo" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the service needs ..."
	@$(PIP) install --quiet --require-hashes -r requirements.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/development.installed: $(VENV)/service.installed requirements-dev.txt
	@echo "Installing what the tests and checks need ..."
	@$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

# An environment of its own: what real peers need must not meet what the service needs.
$(PEERS)/peers.installed: requirements-peers.txt $(VENV)/service.installed
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@echo "Installing TimeTagger and Tryton for the tests ..."
	@$(PEERS)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-peers.txt
	@touch $@

peers: $(PEERS)/peers.installed  ## Install the real systems that connectors are tested against

demo: $(VENV)/service.installed  ## Load the simulated council on SQLite, print its figures, serve them
	@$(BIN)/pilotlight demo --port $(PORT)

test: $(VENV)/development.installed  ## Run the tests, on SQLite and on a real PostgreSQL
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) $(PYTEST_ARGS)

check: $(VENV)/development.installed  ## Format, lint, types, import rules, sizes, migrations, OpenAPI drift
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tests/sizes.py
	@$(BIN)/alembic upgrade head --sql 2>/dev/null | $(BIN)/squawk
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/pilotlight openapi | diff -q - openapi/openapi.json || { echo "openapi/openapi.json is out of date: make openapi"; exit 1; }

bench: $(VENV)/development.installed  ## Measure limit and service in one run, on a PostgreSQL of its own
	@$(BIN)/python -W ignore::RuntimeWarning -m benchmarks

format: $(VENV)/development.installed  ## Format the code and mend what can be mended
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

openapi: $(VENV)/service.installed  ## Write openapi/openapi.json anew
	@$(BIN)/pilotlight openapi > openapi/openapi.json

screenshots: $(VENV)/development.installed  ## Take pictures of the demo's pages, in docs/pictures (needs chromium)
	@$(BIN)/python -m tests.screenshots

lock: $(VENV)/development.installed  ## Resolve the dependencies anew (takes newer versions with UPGRADE=--upgrade)
	@$(LOCK) $(UPGRADE) --group development --output-file requirements-dev.txt
	@$(LOCK) --constraint requirements-dev.txt --output-file requirements.txt
	@$(LOCK_PEERS) $(UPGRADE) --output-file requirements-peers.txt

clean:  ## Remove what was installed and made
	@rm -rf $(VENV) $(PEERS) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
