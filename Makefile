# Verbs. Each sets up what it needs in .venv by itself; Python 3.11 or newer and make are all that must be there.
#   make PYTHON=/path/to/python3.12 test      another interpreter (for a new .venv)

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CODE := $(wildcard src tests benchmarks docs/hooks examples)

.DEFAULT_GOAL := help
.PHONY: help demo demo-export play test parity coverage deep check fix bench docs clean

help: ## list the verbs
	@echo "make VERB, where VERB is one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST)

demo: .venv/.installed ## train a small network on handwritten digits and write a run folder, runs/demo
	$(BIN)/chainrule train digits --out runs/demo --force

# What is absent here is written all the same and said; the extras export-tensorflow, export-torch and onnx bring it.
demo-export: .venv/.installed ## export digits and titanic to all five, where installed; run, compared, both columns printed
	@set -e; for data in digits titanic; do \
	$(BIN)/chainrule train $$data --epochs 20 --out runs/export-$$data --force --quiet; \
	for to in tensorflow pytorch numpy; do echo "== $$data: $$to"; \
	$(BIN)/chainrule export runs/export-$$data --to $$to --out exports/$$data-$$to --force; done; \
	for to in keras onnx; do echo "== $$data: $$to"; \
	$(BIN)/chainrule export runs/export-$$data --to $$to --out exports/$$data-$$to --force || test $$? = 2; done; \
	$(BIN)/python exports/$$data-numpy/export_$${data}_numpy.py; done

play: .venv/.installed ## open the Playground in the browser
	$(BIN)/chainrule play

# A file's tests share what they set up, so a file is one worker's. Each worker has a core, and BLAS need not ask for more.
SIDE_BY_SIDE := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test: .venv/.installed-dev ## run the tests, and list the slowest
	$(SIDE_BY_SIDE) $(ARGS)

parity: .venv/.installed-dev .venv/.installed-torch ## hold our layers against PyTorch's own numbers
	$(BIN)/python -m pytest tests/nn -k pytorch $(ARGS)

coverage: .venv/.installed-dev ## run the tests, and list what none of them reaches; half as slow again
	$(SIDE_BY_SIDE) --cov --cov-report=term $(ARGS)

deep: coverage parity ## coverage; new failing examples, damaged files, killed runs, broken code, 40,000 slopes, ten minutes of twenty viewers, and of foul requests
	HYPOTHESIS_PROFILE=new CHAINRULE_MUTATIONS=1000 $(BIN)/python -m pytest tests/sources tests/encode tests/large tests/network $(ARGS)
	CHAINRULE_KILLS=5 CHAINRULE_MUTATIONS=5000 $(BIN)/python -m pytest tests/job/test_killed.py tests/job/test_damaged_runs.py
	CHAINRULE_DEEP=200000 $(SIDE_BY_SIDE) --dist load tests/deep --ignore tests/deep/test_serve.py $(ARGS)
	$(BIN)/python -m tests.deep.mutation --mutants 60
	$(BIN)/python -m tests.deep.slopes
	CHAINRULE_SOAK=600 $(BIN)/python -m pytest tests/playground/test_soak.py
	CHAINRULE_DEEP=1 CHAINRULE_SOAK=600 $(BIN)/python -m pytest tests/deep/test_serve.py

check: .venv/.installed-dev ## look at format, lint, types and the direction of imports; change nothing
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.installed && npm run --silent check; \
	else echo "npm is not installed: the browser modules' format and types were not looked at"; fi

fix: .venv/.installed-dev ## let ruff format the code and mend what it safely can
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: .venv/.installed-bench ## measure steps side by side with hand-written loops and with peers
	set -e; for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file" $(ARGS); done

docs: .venv/.installed-docs ## build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet --site-dir site

clean: ## remove what was built, .venv too; runs/ stays
	rm -rf .venv site dist .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says what is installed. It is as old as the pyproject.toml that it was installed from.
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml | .venv/bin/python
	$(PIP) --editable .
	@touch $@

.venv/.installed-dev .venv/.installed-docs: .venv/.installed-%: pyproject.toml | .venv/bin/python
	$(PIP) --editable ".[$*]"
	@touch $@ .venv/.installed

node_modules/.installed: package.json package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@

# A PyTorch that is there stays, whatever its build.
.venv/.installed-torch: | .venv/bin/python
	$(BIN)/python -c "import torch" 2>/dev/null || $(PIP) "torch==2.13.0"
	@touch $@

.venv/.installed-bench: pyproject.toml .venv/.installed-torch
	$(PIP) --editable ".[bench]"
	@touch $@ .venv/.installed
