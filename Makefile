# Every command a developer types. `make demo` and `make test` need no other step.
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= data
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
TRAINING := $(VENV)/.training
PEERS := $(VENV)/peers
LIGHTHOUSE := $(VENV)/lighthouse
PIP := -m pip install --quiet --disable-pip-version-check --require-hashes -r
export PORT DATA_DIR

.PHONY: demo install test lint bench bench-peers lighthouse training train lock messages clean help

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

install: $(STAMP)  ## make .venv with the locked packages

$(STAMP): requirements/dev.lock
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Asteroid Hunter needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) $(PIP) requirements/dev.lock
	@touch $(STAMP)

training: $(TRAINING)  ## the training extra: PyTorch, its CPU build where pip finds one

$(TRAINING): $(STAMP) requirements/train.lock requirements/train-cpu.lock
	$(PY) -c "import torch, onnx, onnxscript, optuna" 2>/dev/null || $(PY) $(PIP) requirements/train-cpu.lock 2>/dev/null || \
	  $(PY) $(PIP) requirements/train.lock
	@touch $(TRAINING)

demo: install  ## a working site with sample observations at http://localhost:$(PORT)/
	@$(PY) manage.py demo --port $(PORT)

test: install  ## every test; browser tests when Chromium is there, training when a CPU build of PyTorch is
	@$(PY) -c "import torch, onnx, onnxscript, optuna" 2>/dev/null || $(PY) $(PIP) requirements/train-cpu.lock 2>/dev/null || \
	  echo "No CPU build of PyTorch was found: tests that train are skipped; make training installs the large one."
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

bench-peers: install  ## our model beside other detectors on the same tiles
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python $(PIP) requirements/bench.lock
	$(PEERS)/bin/python -m benchmarks.peers $(if $(BACKGROUND),--background $(BACKGROUND))

lighthouse: install  ## Lighthouse on the front page and the classifier (needs Node and Chromium); URL= names a running site
	test -x $(LIGHTHOUSE)/node_modules/.bin/lighthouse || npm i --prefix $(LIGHTHOUSE) --no-save --no-audit --no-fund --silent lighthouse@12
	$(PY) -m tools.lighthouse $(LIGHTHOUSE)/node_modules/.bin/lighthouse

train: training  ## the training extra, then a model as the one that ships, from simulations alone
	$(PY) manage.py train

lock: install  ## renew the lock files (needs uv)
	for name in base dev bench train; do \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	    --no-emit-find-links --upgrade requirements/$$name.in -o requirements/$$name.lock; \
	done
	$(PY) -m tools.cpu_lock

messages: install  ## renew and compile the translations (needs gettext)
	$(PY) manage.py makemessages --locale es --no-obsolete --no-wrap --add-location file --ignore '.venv/*' --ignore 'tests/*' --ignore 'benchmarks/*' --ignore 'data/*'
	$(PY) manage.py compilemessages --locale es --ignore '.venv/*'

clean:  ## remove what make made (not the data folder)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
