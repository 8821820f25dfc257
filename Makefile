# The commands of the project. Each sets up what it needs; only Python 3.11+ and make are expected.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes

.PHONY: demo test chaos check bench pictures lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    try dojobbot in the browser, with a simulated Slack and a simulated Deep Origin"
	@echo "make test    run the tests"
	@echo "make chaos   kill the bot again and again, for half an hour (CHAOS_SEED=7 replays a run)"
	@echo "make check   lint, types and import rules"
	@echo "make bench   run the benchmarks"
	@echo "make pictures  renew the documentation's pictures (needs Chromium)"
	@echo "make lock    renew requirements*.txt (needs uv)"

demo: $(VENV)/.run
	@$(BIN)/python -m dojobbot demo $(DEMO)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(TESTS)

chaos: $(VENV)/.dev
	CHAOS=long $(BIN)/python -m pytest -n 0 -s tests/acceptance/test_chaos.py

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/ack.py
	$(BIN)/python benchmarks/frame.py
	$(BIN)/python benchmarks/watch.py
	$(BIN)/python benchmarks/fanout.py
	$(BIN)/python benchmarks/latency.py

pictures: $(VENV)/.dev
	$(BIN)/python -m tests.pictures

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dojobbot needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(BIN)/python
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(BIN)/python
	@$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/.run

LOCK := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --no-header
BUILD_NEEDS := $(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])'
lock:
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) -c requirements.txt pyproject.toml --group dev -o requirements-dev.txt
	$(BUILD_NEEDS) | $(LOCK) - -o requirements-build.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
