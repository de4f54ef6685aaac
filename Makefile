# The commands of daily work; `make help` lists them. Everything is installed into .venv, nothing outside.

PYTHON ?= python3
UV ?= uv

BIN := .venv/bin
# One stamp a set of packages: it is older than its lock file when the packages are out of date.
RUNTIME := .venv/.installed
TOOLS := .venv/.installed-tools
# Those whom benchmarks compare with; their packages conflict with ours.
PEERS := .venv/peers/.installed

PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
LOCK_ALONE := $(UV) pip compile --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet
LOCK := $(LOCK_ALONE) pyproject.toml --group build

.PHONY: help run test check bench lock
.DEFAULT_GOAL := help

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

run: $(RUNTIME) ## run Krajai on this machine: pages, sending and schedule in one process
	@trap : INT; $(BIN)/krajai run || { status=$$?; [ $$status -eq 130 ] || exit $$status; }

test: $(TOOLS) ## run the tests, those with PostgreSQL too, those in a browser not
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

check: $(TOOLS) ## check style, types and which folder imports which
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check || { echo "Run $(BIN)/ruff format on the files above."; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >.venv/.lint-imports || { cat .venv/.lint-imports; exit 1; }
	@echo "Style, types and imports are in order."

bench: $(TOOLS) $(PEERS) ## measure speed; QUICK=1 in about three minutes, ONLY=line one benchmark
	@$(BIN)/python -m benchmarks $(ONLY)

lock: ## choose the newest packages that fit pyproject.toml; needs uv
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: install it, or name it as in make lock UV=/path/to/uv"; exit 1; }
	@$(LOCK) --upgrade --output-file requirements.lock
	@$(LOCK) --group dev --constraints requirements.lock --upgrade --output-file requirements-dev.lock
	@$(LOCK_ALONE) benchmarks/peers/requirements.in --upgrade --output-file benchmarks/peers/requirements.lock
	@echo "Wrote requirements.lock, requirements-dev.lock and benchmarks/peers/requirements.lock."

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "Krajai needs Python 3.11 or newer, and there is no $(PYTHON) here. Install it, or name another: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Krajai needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version). Name another: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@[ -w .venv ] || { echo ".venv belongs to another user: run make as that user, or remove .venv"; exit 1; }
	@echo "Installing the packages Krajai runs on into .venv, about a minute the first time ..."
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(TOOLS): requirements-dev.lock $(RUNTIME)
	@echo "Installing the tools for tests and checks into .venv ..."
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

$(PEERS): benchmarks/peers/requirements.lock | $(BIN)/python
	@echo "Installing those whom benchmarks compare with into .venv/peers ..."
	@$(BIN)/python -m venv .venv/peers
	@.venv/peers/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
