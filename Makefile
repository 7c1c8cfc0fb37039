# make help lists the targets. Everything goes into .venv in this folder, from the hash-checked locks in requirements/.
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
PACKAGES := bot scheduler conversations handlers storage
CHECKED := $(PACKAGES) tests scripts
PREFIX ?= build/balcao
# Three on two cores: many tests wait for processes they started.
PYTEST_ARGS ?= -n 3 --dist worksteal --inline-snapshot=disable
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# Many processes are started by the tests: each would compile every module anew (5 s of CPU instead of 2).
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench chaos endurance fmt lock install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

setup: ## make .venv from the locks (does nothing when it is up to date)
	@sh scripts/install.sh dev $(VENV)

demo: setup ## start the simulator and print its address
	@$(VENV)/bin/balcao demo

test: setup lint ## lint, types, imports and every test, on SQLite and on PostgreSQL + Redis
	$(PY) -m scripts.services run -- $(PY) -m pytest $(PYTEST_ARGS)

lint: setup ## ruff, mypy --strict and the import contracts
	$(VENV)/bin/ruff check $(CHECKED)
	$(VENV)/bin/ruff format --check $(CHECKED)
	$(VENV)/bin/mypy --strict $(CHECKED)
	$(VENV)/bin/lint-imports --no-logo

bench: setup ## measure turns per second, latencies and CPU per turn
	@$(PY) -m scripts.services run -- $(PY) -m tests.bench

endurance: setup ## an hour of steady work: memory, tasks, connections and files must stay flat (ARGS="--minutes 20 --rate 50")
	@$(PY) -m scripts.services run -- $(PY) -m tests.endurance $(ARGS)

chaos: setup ## kill it a thousand times on each database and compare the books (CHAOS_ARGS=--help)
	@$(PY) -m scripts.services run -- $(PY) -m tests.chaos $(CHAOS_ARGS)

fmt: setup ## format the code and mend what ruff can mend
	$(VENV)/bin/ruff format $(CHECKED)
	$(VENV)/bin/ruff check --fix $(CHECKED)

lock: setup ## remake the locks after a change in pyproject.toml or requirements/*.in
	$(LOCK) requirements/installer.in -o requirements/installer.lock
	$(LOCK) pyproject.toml -o requirements/runtime.lock
	$(LOCK) pyproject.toml requirements/dev.in -o requirements/dev.lock

install: ## install as a server does, without the development tools: make install PREFIX=/opt/balcao
	@sh scripts/install.sh runtime $(PREFIX)

clean: ## remove .venv and everything that was made here, except a database
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* htmlcov mutants
	find $(CHECKED) -name __pycache__ -type d -prune -exec rm -rf {} +
