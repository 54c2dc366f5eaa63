# Two commands need nothing but python3.11+ and make: `make demo` and `make test`.
.ONESHELL:
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then echo $$p; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV := uv==0.13.9
export DAGSTER_HOME := $(CURDIR)/.baseline/dagster
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
export MPLCONFIGDIR := $(HOME)/.cache/matplotlib
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "python 3.11, 3.12 or 3.13 is needed and none was found"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	echo "setting up $(VENV) with $(PYTHON) (a few minutes the first time)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q baseline_pipeline  # with what uv compiled: verbs start in half the time where Python may not write
	mkdir -p $(VENV)/dagster && echo 'telemetry: {enabled: false}' > $(VENV)/dagster/dagster.yaml  # for `dg check`
	touch $@

setup: $(READY)  ## the environment, from the lock

demo: $(READY)  ## the whole job on a year of real flights
	@$(BIN)/baseline demo

test: $(READY)  ## all tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

quick: $(READY)  ## the tests that take seconds
	@$(BIN)/python -m pytest -m "not slow" $(PYTEST_ARGS)

check: export DAGSTER_HOME := $(CURDIR)/$(VENV)/dagster
check: $(READY)  ## ruff, mypy --strict, import-linter, dg check
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/dg check yaml
	BASELINE_PROJECT_ROOT=$(CURDIR) $(BIN)/dg check defs

dev: $(READY)  ## Dagster's pages and daemon on the demo's state
	@$(BIN)/baseline dev

bench: $(READY)  ## speed at a million rows, and of a gate with 480 cells
	@$(BIN)/python -m benchmarks.gate
	@$(BIN)/python -m benchmarks.million_rows

null-rates: $(READY)  ## how often the gate cries wolf where nothing changed
	@$(BIN)/python -m benchmarks.null_rates

coverage: $(READY)  ## how often intervals hold the truth
	@$(BIN)/python -m benchmarks.coverage

looks: $(READY)  ## how often fifty looks at nothing alarm
	@$(BIN)/python -m benchmarks.looks

zoo: $(READY)  ## every gate on every known damage; resumable, hours
	@$(BIN)/python -m benchmarks.zoo --out build/zoo/results.json
	@$(BIN)/python -m benchmarks.zoo.plot build/zoo/results.json build/zoo/zoo.png
	@$(BIN)/python -m benchmarks.zoo.false_pass

speed: $(READY)  ## data sets of 100,000 to ten million rows, beside peers in environments of their own; half an hour
	@$(BIN)/python -m benchmarks.speed --out build/speed/results.json

backtest: $(READY)  ## the flights of 2013 day by day: events found, how soon, and noise; three minutes
	@$(BIN)/python -m benchmarks.backtest

trajectories: $(READY)  ## change points and anomalies on labelled series: make trajectories DATA=folder
	@$(BIN)/python -m benchmarks.trajectories --data $(DATA)

monitoring: $(READY)  ## false alarms over 10,000 windows and on simulated histories, and what is found; a quarter of an hour
	@$(BIN)/python -m benchmarks.calm
	@$(BIN)/python -m benchmarks.histories
	@$(BIN)/python -m benchmarks.monitoring --seed 7 --out build/monitoring.json

recorder: $(READY)  ## requests a second that a service can record, and the memory it takes
	@$(BIN)/python -m benchmarks.recorder

soak: $(READY)  ## promotions killed at every step, 420 times on each database; a quarter of an hour
	@export BASELINE_KILLS=60
	$(BIN)/python -m pytest tests/gate/test_promotion.py -k killed --timeout 3600
	$(BIN)/python -m pytest tests/end_to_end/test_sensor_iteration.py

attribution: $(READY)  ## attribution on thirteen cases of known truth; ten minutes
	@$(BIN)/python -m benchmarks.attribution

library-updates: $(READY)  ## real wheels, old and new, through `baseline replay`; resumable, an hour
	@$(BIN)/python -m benchmarks.library_updates

latency: $(READY)  ## +1 % latency and none, 3,000 simulated runs and a few real ones; resumable, half an hour
	@$(BIN)/python -m benchmarks.latency

ledger: $(READY)  ## appends a second and time to verify, on both databases
	@$(BIN)/python -m benchmarks.ledger

zoo-quick: $(READY)  ## the same in two minutes, with generous bounds
	@$(BIN)/python -m benchmarks.zoo --rows 5000 --runs 50 --nulls 50 --power 0.70

spark: $(READY)  ## PySpark too, which needs Java 17 or later
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-spark.lock

shap: $(READY)  ## SHAP too, for contracts that say `explain: {shap: true}`
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-shap.lock

lock:  ## resolve the dependencies anew
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --extra delta --extra iceberg --extra demo --group dev --no-emit-package baseline-pipeline \
		pyproject.toml -o requirements.lock
	for extra in spark shap; do
		$(BIN)/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
			print(*p['optional-dependencies']['$$extra'], sep='\n')" | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
			--generate-hashes --no-emit-index-url --no-annotate --no-header -c requirements.lock - -o requirements-$$extra.lock
	done

clean:  ## forget the environment and the demo
	@rm -rf $(VENV) demo .baseline

.PHONY: help setup demo test quick check dev bench null-rates coverage looks zoo zoo-quick soak attribution library-updates latency ledger speed spark backtest trajectories monitoring recorder shap lock clean
