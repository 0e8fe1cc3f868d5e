# Two commands matter: `make run` and `make test`. Python 3.11 or later, make and the package registries
# are all that they need; everything goes into .venv/.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -c '$(SUITABLE)' 2>/dev/null && { echo "$$p"; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq
LOCKED := $(PIP) install --no-deps --no-compile --require-hashes
WORKERS ?= 3
ARGS ?=

.PHONY: help run test lint style types imports bench lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/installed ## Build what is missing and open the dashboard (ARGS="--port 8600")
	@$(BIN)/bellwether run $(ARGS)

test: $(VENV)/installed-dev ## Run every test, in a real Chromium, on a real PostgreSQL and Spark (ARGS="tests/query")
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m tests.postgresql
	@$(BIN)/python -m tests.spark
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

lint: style types imports ## Check style, types and the direction of imports

style: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

imports: $(VENV)/installed-dev
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/installed-dev ## Measure, and write benchmarks/results/
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m benchmarks.page_switch $(ARGS)

lock: $(VENV)/installed-dev ## Resolve the dependencies again and write the lock files
	$(PIP) install uv
	$(BIN)/uv pip compile pyproject.toml --extra postgresql --group build \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--quiet --upgrade --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra postgresql --group build --group dev --constraint requirements.lock \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--quiet --upgrade --output-file requirements-dev.lock

clean: ## Remove the environment, the built warehouse and all caches
	rm -rf $(VENV) .bellwether build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	rm -rf .hypothesis test-artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { \
		echo "Bellwether needs Python 3.11 or later with the venv and ensurepip modules, and found none."; \
		echo "Install it (on Debian or Ubuntu: apt-get install python3 python3-venv), or name one: make run PYTHON=/path/to/python3"; \
		exit 1; }
	@"$(PYTHON)" -c '$(SUITABLE)' || { \
		echo "$(PYTHON) is not Python 3.11 or later with the venv and ensurepip modules. Name another: make run PYTHON=/path/to/python3"; \
		exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Bellwether needs (a minute the first time)"
	@$(LOCKED) -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Bellwether and its tests need (a minute the first time)"
	@$(LOCKED) -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/installed
