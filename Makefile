# Everything runs in .venv, which the first target that needs it makes.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo page test lint types imports docs check bench audit clean

BIN := .venv/bin
STAMP := .venv/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq --constraint constraints.txt
# The first of these that runs and is at least 3.11 makes .venv; `make PYTHON=/path/to/python` chooses.
PYTHON ?= python3.11 python3

help:  ## say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP)  ## install everything into .venv

demo: $(STAMP)  ## the main job from end to end, on data it makes itself, into demo/
	$(BIN)/relevome demo -o demo

test: $(STAMP)  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(STAMP)  ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## static types
	$(BIN)/pyright

imports: $(STAMP)  ## the order of the packages
	$(BIN)/lint-imports --no-logo

docs: $(STAMP)  ## build the site into site/
	NO_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict --clean

page:  ## types and tests of the page of a report, and whether its bundle is what its sources give
	@if command -v npm >/dev/null; then cd src/relevome/report/page && \
	  npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent check && npm test --silent; \
	else echo "passed over: npm is not here (it comes with Node, 20 or later)"; fi

check: page test lint types imports docs  ## all that CI runs

bench: $(STAMP)  ## speed, memory and scientific accuracy
	$(BIN)/python -m benchmarks

audit:  ## known faults of the versions in constraints.txt, which asks a public database
	$(if $(wildcard build/audit/bin/python),,$(firstword $(foreach p,$(PYTHON),$(shell command -v $(p)))) -m venv build/audit)
	build/audit/bin/python -m pip --disable-pip-version-check install -qq pip-audit
	build/audit/bin/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

clean:  ## remove what was made, .venv excepted
	rm -rf build dist demo site src/*.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@for python in $(PYTHON); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "Making .venv with $$("$$python" --version)"; \
	  "$$python" -m venv .venv && exit 0; \
	  rm -rf .venv; echo "$$python could not make a virtual environment (on Debian: apt install python3-venv)" >&2; exit 1; \
	done; \
	echo "No Python of at least 3.11 among: $(PYTHON). Name one: make PYTHON=/path/to/python" >&2; exit 1

# Packages whose models are tested (tests/models/any_module/test_packages.py), without what they ask for:
# their models need none of it, and it is large, GPL (bpnet-lite), or contradicts ours (borzoi-pytorch: an older
# transformers; grelu: captum 0.5.0).
MODELS := borzoi-pytorch bpnet-lite grelu

# torch by itself first, at the version of the constraint file, so that no other request chooses it.
$(STAMP): pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing into .venv: minutes at first, seconds later"
	@$(PIP) torch
	@$(PIP) --editable '.[dev]'
	@$(PIP) --no-deps $(MODELS)
	@touch $@
