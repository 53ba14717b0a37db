# Every target sets up what it needs: Python 3.11 or newer is all that has to be there.
# (test-kafka and kafka also need Java 17 and Maven.)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Parley needs Python 3.11 or newer")'
	@echo "Installing the locked requirements into $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: $(STAMP) ## Make .venv with everything locked, and .venv/bin/parley

.PHONY: run
run: setup ## Start Parley with the town square, show the demo, stay until Ctrl-C
	@$(BIN)/parley up

.PHONY: demo
demo: setup ## Send a dozen comments through Parley and show what became of each
	@$(BIN)/parley demo

.PHONY: test
test: setup ## All tests on the embedded PostgreSQL and broker
	@$(BIN)/python -m pytest -m "not apache_kafka" --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: test-kafka
test-kafka: setup ## Integration and end-to-end tests on Apache Kafka
	@PARLEY_TEST_BROKER=apache $(BIN)/python -m pytest tests/integration tests/e2e tests/local/test_apache_kafka.py

.PHONY: kafka
kafka: setup ## Start Apache Kafka on 127.0.0.1:9092 without a container, stay until Ctrl-C
	@$(BIN)/python -m deploy.local.apache_kafka --home build/kafka --port 9092

.PHONY: lint
lint: setup ## Style and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

.PHONY: types
types: setup ## Static types
	@$(BIN)/mypy

.PHONY: format
format: setup ## Format the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: bench
bench: setup ## Measure intake, pipeline and latency side by side; leaves build/bench.json
	@$(BIN)/python -m tests.bench

.PHONY: policy-report
policy-report: setup ## Decide the labelled sample, show how far it agrees; leaves build/policy-report.json
	@$(BIN)/python -m tests.policy.labelled --output build/policy-report.json

.PHONY: common-model
common-model: setup ## Fit the model that every agency's classifier begins with to its comments
	@$(BIN)/python -m services.policy.adapters.cli.common_training

.PHONY: lock
lock: setup ## Lock the newest versions that pyproject.toml allows
	@$(BIN)/python -m pip install --quiet "uv==0.13.9"
	@$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --all-extras --generate-hashes --universal \
		--python-version 3.11 --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --universal --python-version 3.11 \
		--no-emit-index-url --no-annotate --constraint requirements.lock --custom-compile-command "make lock" \
		--output-file deploy/requirements.image.lock
