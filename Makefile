# Every command a developer types. `make demo` and `make test` need no other step.
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= data
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
export PORT DATA_DIR

.PHONY: demo install test lint bench train lock messages clean help

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

install: $(STAMP)  ## make .venv with the locked packages

$(STAMP): requirements/dev.lock
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Asteroid Hunter needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $(STAMP)

demo: install  ## a working site with sample observations at http://localhost:$(PORT)/
	@$(PY) manage.py demo --port $(PORT)

test: install  ## every test, browser tests too when Chromium is there
	$(PY) -m pytest

lint: install  ## ruff, mypy, import contracts, migrations, file lengths, vendored files
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run  # no database needed
	$(PY) -m tools.check_house

bench: install  ## benchmarks: a figure and a ratio to a named reference each
	$(PY) -m benchmarks

train: install  ## the training extra (PyTorch), then the model that ships
	$(PY) -c "import torch, onnx, onnxscript" 2>/dev/null || \
	  $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/train.lock
	$(PY) manage.py train

lock: install  ## renew the lock files (needs uv)
	for name in base dev; do \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	    --no-emit-find-links --upgrade requirements/$$name.in -o requirements/$$name.lock; \
	done

clean:  ## remove what make made (not the data folder)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
