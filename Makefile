# Every target works on a fresh clone with Python 3.11 or newer; .venv is made when it is needed.
# Another Python beside it: make test-fast PYTHON=python3.12 VENV=.venv-3.12
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := $(VENV)/.demo
ARGS ?=
# Tests start hundreds of processes, each of which would compile the same modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast check format build golden pictures docs lock bench bench-large clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed (set PYTHON=...)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# What the demo needs, unless everything is there. Not the extra `dev`, which takes minutes.
$(DEMO): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed (set PYTHON=...)" >&2; exit 1; }
	@echo "Installing into $(VENV), once; that takes about half a minute …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--editable '.[generator,cli,simulator,batch]'
	@touch $@

demo: $(if $(wildcard $(READY)),$(READY),$(DEMO)) ## documents in, clients out, both tools run against a local Wiro: no key needed
	@$(BIN)/wirogen demo $(ARGS)

test: $(READY) ## run all tests
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-fast: $(READY) ## run the tests that take no browser, process or thousand tools: while working
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" $(ARGS)

check: $(READY) ## linters, types, workflows, and whether generated files are what the sources give
	$(BIN)/ruff check generator tests
	$(BIN)/ruff format --check generator tests
	$(BIN)/black --quiet --check generated
	$(BIN)/pyright --warnings
	$(BIN)/zizmor --offline --no-progress --quiet --pedantic .github
	$(BIN)/wirogen build --check

format: $(READY) ## format what is written by hand
	$(BIN)/ruff check --fix generator tests
	$(BIN)/ruff format generator tests

build: $(READY) ## documents → specs → generated/
	$(BIN)/wirogen build $(ARGS)

golden: $(READY) ## accept the generated files that the golden tests now see
	$(BIN)/python -m pytest -q tests/golden --accept-golden

pictures: $(READY) ## make the screenshots of README and guides anew; needs Chromium
	$(BIN)/python tests/studio/pictures.py

docs: $(READY) ## generated/docs/ → the documentation site in site/
	$(BIN)/wirogen docs build $(ARGS)

lock: $(READY) ## write .github/requirements.txt anew: what privileged workflows install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	printf 'hatchling\neditables\n' | $(BIN)/uv pip compile pyproject.toml - --quiet --universal \
		--python-version 3.11 --extra generator --extra cli --extra docs --generate-hashes \
		--no-annotate --custom-compile-command 'make lock' --output-file .github/requirements.txt

bench: $(READY) ## measure, as ratios within one run (ARGS=name chooses)
	$(BIN)/python tests/benchmarks/run.py $(ARGS)

bench-large: $(READY) ## the generator's figures for 5,000 tools
	$(BIN)/python tests/benchmarks/run.py generator --large $(ARGS)

clean: ## remove what the targets above have made, generated/ aside
	rm -rf .venv .venv-* out dist build .pytest_cache .ruff_cache .hypothesis
