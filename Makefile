# The verbs of this repository. Everything lives in .venv; nothing is installed elsewhere but, as root, apt packages.
PYTHON = .venv/bin/python
PORT ?= 8010
.PHONY: setup demo test check lint format types rules docs bench model lock clean

setup: ## everything to run, test and check
	./scripts/setup test

demo: ## the whole desk with a living sample, until ctrl-C
	@./scripts/setup run
	@exec .venv/bin/amends serve --sample --port $(PORT)

test: setup ## every test
	$(PYTHON) -m pytest

check: setup ## lint, format, types, import rules, docs: all of them, whatever the first says
	@$(MAKE) --no-print-directory --keep-going lint format types rules docs

lint:
	$(PYTHON) -m ruff check .
format:
	$(PYTHON) -m ruff format --check .
types:
	AMENDS_DATA=$(CURDIR)/.build/types $(PYTHON) -m mypy --strict src tests
rules:
	.venv/bin/lint-imports
docs:
	$(PYTHON) scripts/check_docs.py

bench: setup ## a table, and bench/results.json
	$(PYTHON) -m bench

model: ## the shipped models anew, from the folder that AMENDS_CORPORA names, and their figures
	./scripts/setup train
	$(PYTHON) -m amends.language.train

lock: ## pin what pyproject.toml asks for (LOCK_WITH names the pip-compile to use)
	./scripts/lock

clean: ## what setup and tests have made
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache src/*.egg-info
