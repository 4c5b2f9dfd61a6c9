# Kvitt. Two commands do the rest:
#   make run    sets up what the hub needs and plays `kvitt demo` (KVITT_HOME is the hub's folder)
#   make serve  the same, and then the console in a browser
#   make test   sets up what the tests need and runs them; what needs an absent server is skipped by name
# Needs Python 3.11 or later with venv, and make. Everything is installed into .venv from hashed lock files.

PYTHON ?= python3
JOBS ?= auto
TESTS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
MADE := $(VENV)/.made
RUN := $(VENV)/.run
DEV := $(VENV)/.dev
KVITT := $(VENV)/.kvitt
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate \
	--custom-compile-command "make lock" $(UPGRADE)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run serve screenshots test coverage check audit system crash chaos fuzz load bench golden wheel lock clean

help:
	@echo "make run      play the demo: both stories, from declarations to settled money"
	@echo "make serve    the demo, then its console; prints address and login"
	@echo "make test     run the tests (TESTS='tests/unit/test_sbdh.py -k x' for some of them)"
	@echo "make coverage 100 % of the branches of model, policy, matching, schemas and mappings, or it fails"
	@echo "make setup    only make .venv with .venv/bin/kvitt"
	@echo "make check    ruff, mypy, pyright, import-linter, bandit"
	@echo "make audit    known vulnerabilities of what the lock files name (pip-audit); needs the network"
	@echo "make system   install by apt what the full suite needs (PostgreSQL, OpenSSH, RabbitMQ, Dovecot, Chromium, iproute2); needs root"
	@echo "make crash    1,000 exchanges and 200 kills on SQLite and PostgreSQL, 100 on Celery: 0 doubled, 0 lost"
	@echo "make chaos    kill the hub for a long time and count what is lost or doubled (nothing)"
	@echo "make fuzz     check 100,000 spoilt documents: no crash, no hang, no silence"
	@echo "make load     50 practices hand in 100,000 rows each while support works; takes hours (LOAD='--practices 20 --rows 1000')"
	@echo "make bench    run the benchmarks"
	@echo "make golden   rewrite the golden files from what the code writes now; review the difference"
	@echo "make screenshots  every screen in every language, light, dark and on a phone, into ./screenshots"
	@echo "make wheel    build the wheel into dist/"
	@echo "make lock     resolve the lock files anew (UPGRADE=--upgrade for newer versions)"
	@echo "make clean    remove .venv, caches and dist/; never a hub's home"

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Kvitt needs Python 3.11 or later; try: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(RUN): requirements.lock requirements-build.lock | $(MADE)
	$(PIP) install -r requirements.lock -r requirements-build.lock
	@touch $@

# Needs no network: the build backend is installed already.
$(KVITT): pyproject.toml hub/web/package-lock.json $(RUN)
	$(PIP) install --no-deps --no-build-isolation --editable .
	$(BIN)/python -m hub.web.scripts
	@touch $@

$(DEV): requirements-dev.lock | $(RUN)
	$(PIP) install -r requirements-dev.lock
	@touch $@

setup: $(KVITT)

run: setup
	@$(BIN)/kvitt demo

serve: setup
	@$(BIN)/kvitt demo --serve

test: setup $(DEV)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

coverage: setup $(DEV)
	$(BIN)/python -m pytest -n $(JOBS) --cov --cov-config=tests/coverage.toml --cov-report=term-missing:skip-covered tests/unit

check: setup $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive hub connectors schemas mappings scheduler

# Strict: a name that the index knows nothing of is a failure and not a silence.
audit: setup $(DEV)
	@for each in requirements.lock requirements-build.lock requirements-dev.lock; do echo "== $$each"; \
		$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement $$each || exit 1; done

system:
	@missing=""; \
	command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$$missing postgresql"; \
	PATH="$$PATH:/usr/sbin" command -v rabbitmq-server >/dev/null || missing="$$missing rabbitmq-server"; \
	PATH="$$PATH:/usr/sbin" command -v dovecot >/dev/null || missing="$$missing dovecot-imapd"; \
	PATH="$$PATH:/usr/sbin" command -v sshd >/dev/null || missing="$$missing openssh-server"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	PATH="$$PATH:/usr/sbin" command -v ip >/dev/null || missing="$$missing iproute2"; \
	if [ -z "$$missing" ]; then echo "system: nothing missing"; exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then \
		echo "system: install as root:$$missing (Debian and Ubuntu: apt-get install$$missing)" >&2; exit 1; fi; \
	echo "system: installing$$missing"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing

crash: setup $(DEV)
	$(BIN)/python tests/crash/proof.py $(CRASH)

chaos: setup $(DEV)
	$(BIN)/python tests/crash/chaos.py --exchanges 300 --minutes 5 $(CHAOS)

fuzz: setup $(DEV)
	$(BIN)/python tests/fuzz/documents.py --documents 100000 $(FUZZ)

load: setup $(DEV)
	$(BIN)/python tests/web/load.py $(LOAD)

bench: setup $(DEV)
	@for each in benchmarks/*.py; do echo "== $$each"; $(BIN)/python $$each || exit 1; done

golden: setup $(DEV)
	$(BIN)/python -m pytest -n $(JOBS) --update-golden $(TESTS)
	@git status --short tests/golden

screenshots: setup $(DEV)
	PYTHONPATH=. $(BIN)/python tests/web/screenshots.py $(SHOTS)

wheel: setup
	$(BIN)/python -m pip --quiet --disable-pip-version-check wheel --no-deps --no-build-isolation --wheel-dir dist .

lock: setup
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(PIP) install uv
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) --group build --constraint requirements.lock --output-file requirements-build.lock
	$(COMPILE) pyproject.toml --group build --group dev \
		--constraint requirements.lock --constraint requirements-build.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
