# The only way we run anything; `make` alone lists the targets. Written for GNU make 3.81 and bash 3.2 (macOS's own) and later.
SHELL := bash
MAKEFLAGS += --no-print-directory
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV
export PRE_COMMIT_HOME := .cache/pre-commit

BIN := .venv/bin
READY := .venv/.ready
BENCH_READY := .cache/bench-venv/.ready
LAKE := data/lake
RUNS := runs
RAW := $(LAKE)/sample-raw
SAMPLE := $(LAKE)/sample
EXAMPLE := examples/take_profit.toml
# Many tests wait for other processes: one more worker than there are cores.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PIN := .tools/bin/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-emit-index-url --upgrade \
	--custom-compile-command "make lock"

# A copied or moved folder, or a Python that is gone, leaves a .venv that only looks ready.
$(shell [ "$$(cat $(READY) 2>/dev/null)" = "$$PWD" ] && $(BIN)/python -c '' 2>/dev/null || rm -f $(READY) $(BENCH_READY))

.PHONY: help setup backtest test check format lint types imports tests survive faults docs bench lock clean bias notebooks

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with Python 3.13 and the locked packages; nothing outside this folder is changed
	@:

$(READY): requirements.lock pyproject.toml scripts/setup
	@scripts/setup

backtest: setup $(SAMPLE)/perpmm.json ## backtest the example run file on the bundled sample, and say where its page is
	@$(BIN)/perpmm backtest $(EXAMPLE) --set data.catalog=$(SAMPLE) --runs $(RUNS)

$(RAW)/.made: $(wildcard data/synthetic/*.py) | $(READY)
	@echo "making the sample: fifteen minutes of a synthetic market" >&2
	@rm -rf $(RAW)
	@$(BIN)/perpmm data synthetic --out $(RAW)
	@touch $@

$(SAMPLE)/perpmm.json: $(RAW)/.made $(wildcard data/*.py data/*.toml data/readers/*.py)
	@echo "ingesting it into $(SAMPLE)" >&2
	@rm -rf $(SAMPLE)
	@$(BIN)/perpmm data ingest $(RAW)/*.csv.gz --instrument BTCUSDT-PERP.BINANCE --catalog $(SAMPLE)

test: check ## set up, then check everything

check: setup ## format, lint, types, imports, tests: what pre-commit calls
	@$(BIN)/pre-commit run --all-files
	@$(MAKE) tests

format: setup
	@$(BIN)/ruff format .

lint: setup
	@$(BIN)/ruff check .

types: setup
	@$(BIN)/mypy

imports: setup
	@$(BIN)/lint-imports

tests: setup ## the tests alone; some of them: make tests PYTEST="tests/unit -k ledger"
	@$(BIN)/pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal $(PYTEST)

survive: setup ## cut the longer stories at every event, not at some, and play each on (minutes)
	@CUT_EVERY=1 $(BIN)/pytest -n auto --timeout 3600 tests/faults/test_recovery_cut.py

SEEDS := 1-300
AT := BINANCE
faults: setup ## live runs on loopback through seeded faults, killed and hung besides: make faults SEEDS=1-300 [AT=BYBIT, OKX or HYPERLIQUID]
	@$(BIN)/python -u -m tests.support.live_faults $(SEEDS) 40 1 2 $(AT)

docs: setup ## write anew what the code says of itself in docs/: parameters, worked examples, plots
	@$(BIN)/python -m scripts.pages

notebooks: setup $(SAMPLE)/perpmm.json ## open JupyterLab on the notebooks, with the sample and a first run ready
	@ls $(RUNS)/*/manifest.json >/dev/null 2>&1 || $(BIN)/perpmm backtest $(EXAMPLE) --set data.catalog=$(SAMPLE) --runs $(RUNS)
	@$(BIN)/jupyter lab notebooks --allow-root

bias: setup ## hold the queue model to the synthetic venue's true queues, and write docs/queue-bias.md (minutes)
	@$(BIN)/python -m scripts.queue_bias

bench: setup $(BENCH_READY) ## measure against the bars; some of it: make bench BENCH="memory_4x"
	@$(BIN)/python -m tests.bench $(BENCH)

$(BENCH_READY): requirements-bench.lock scripts/setup
	@scripts/setup .cache/bench-venv requirements-bench.lock

lock: setup ## pin the newest packages that pyproject.toml allows
	@$(PIN) --group dev -o requirements.lock pyproject.toml
	@$(PIN) --group bench -o requirements-bench.lock

clean: ## remove what can be made again; never runs/, nor a catalog but the sample's
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench.json $(SAMPLE) $(RAW)
	@find . -name __pycache__ -type d -not -path './.tools/*' -prune -exec rm -rf {} +
