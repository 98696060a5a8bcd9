# make demo: from a fresh clone to figures and report.html.  make test: its tests.  Both set up .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Python compiles what is imported, not all that is installed; unless it may keep nothing.
PIP := $(BIN)/python -m pip install --quiet $(if $(PYTHONDONTWRITEBYTECODE),,--no-compile)
# uv takes ten seconds where pip takes a minute; pip follows if uv fails, as where only pip's settings name the index.
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
LOCKED := --no-deps --require-hashes --requirement envs/lock.txt
TORCH ?= 'torch>=2.5,<3'
CORES ?= all
CONFIG ?= config/demo.yaml

.PHONY: demo report bench test test-weekly test-faults test-slurm package docs lint format lock clean
.DELETE_ON_ERROR:

demo: $(VENV)/.ready
	$(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG)
	$(MAKE) report

# One HTML file beside the results; for another study: make report CONFIG=...
report: $(VENV)/.ready
	$(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG) -- whole_report

test: $(VENV)/.ready
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Beside the peers of benchmarks/peers.toml, in environments of their own; on cores that do nothing
# else. Writes benchmarks/RESULTS.md.
bench: $(VENV)/.ready
	$(BIN)/python benchmarks/run.py

# More kills, more examples, every combination; new random examples each time.
test-weekly: $(VENV)/.ready
	$(BIN)/python -m pytest -m 'weekly or not faults and not slurm' --hypothesis-profile=new \
	    --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Studies killed, or on a full disk; on a Slurm of three nodes. docs/reliability.md: what was tried.
test-faults: $(VENV)/.ready
	$(BIN)/python -m pytest -m faults

test-slurm: $(VENV)/.ready
	command -v slurmctld || (apt-get update && apt-get install --yes \
	    --no-install-recommends slurmctld slurmd slurm-client munge)
	$(BIN)/python -m pytest -m slurm

# The site, in site/; `.venv/bin/mkdocs serve` shows it while it is written. A warning is an error.
docs: $(VENV)/.ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Wheel and sdist in dist/, and on the wheel alone, in an environment of its own: README's examples, a kept
# network and its raster.
package:
	rm -rf dist $(VENV)-wheel
	$(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/pip install --quiet build
	$(VENV)-wheel/bin/python -m build --outdir dist
	$(VENV)-wheel/bin/pip uninstall --quiet --yes build
	$(VENV)-wheel/bin/pip install --quiet dist/*.whl matplotlib
	cd dist && ../$(VENV)-wheel/bin/python ../tests/wheel.py && rm sweeps.safetensors raster.png
	rm -r $(VENV)-wheel

lint: $(VENV)/.ready
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/mypy

format: $(VENV)/.ready
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

$(VENV)/.ready: pyproject.toml envs/lock.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "spikegrad needs Python 3.11 to 3.13; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) uv && $(UV) $(LOCKED) || $(PIP) $(LOCKED)
	$(PIP) $(TORCH)
	$(PIP) --no-deps --editable .
	$(BIN)/python -m study.config.schema config/schema.json
	touch $@

# Everything but torch is pinned, by hashes of its files: the user brings the torch build that fits the
# machine.
lock:
	$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	    --upgrade --generate-hashes --no-header --no-annotate --no-emit-package torch \
	    --no-emit-package setuptools \
	    | awk '/^[^ ]/ { own = !/^(nvidia-|cuda-|triton)/ } own' > envs/lock.txt.new
	mv envs/lock.txt.new envs/lock.txt && rm -r $(VENV)-lock

# Not .snakemake, which knows with which settings results were made.
clean:
	rm -rf $(VENV)
