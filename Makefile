# Everything sets itself up: .venv from requirements-dev.lock, and the programs that demo, tests and benchmarks run on.
.DEFAULT_GOAL := help
.PHONY: help set-up programs demo test check chaos bench lock format

PYTHON ?= python3
BIN := .venv/bin
UV := uv==0.13.9

help: ## show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1@/p' $(MAKEFILE_LIST) | column -t -s@ 2>/dev/null || grep '##' $(MAKEFILE_LIST)

set-up:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec $$python -m bot.sandbox.bootstrap; \
	  fi; \
	done; \
	echo 'foresail: $(PYTHON) is missing or older than Python 3.11' >&2; \
	echo '  Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3 …' >&2; \
	exit 1

programs: set-up
	@$(BIN)/python -m bot.sandbox.toolchain --quiet

demo: programs ## a pull request, its preview, the merge, the cluster getting there; KEEP=1 leaves it running, FORGE=gitlab
	@$(BIN)/foresail demo $(if $(KEEP),--keep) $(if $(filter gitlab,$(FORGE)),--gitlab)

# Three processes, each with a control plane of its own: a story mostly waits, and two cores were idle for 30 % of two.
test: programs ## all tests, on real parts; ARGS="tests/unit -k budget" for some
	@$(BIN)/python -m pytest --numprocesses 3 --dist worksteal $(ARGS)

check: set-up ## lint, format, types, layers, the README's tables and the locks
	@bash .ci/check

chaos: programs ## each fault once while Foresail syncs, or for ROUNDS, drawn by SEED; rules held against every write
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench: programs ## preview, webhook and memory figures, into benchmarks/results.json
	@$(BIN)/python -m benchmarks

lock: set-up ## resolve requirements*.txt anew into the locks, with hashes
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	$(BIN)/python -m pip install --quiet --target "$$scratch" '$(UV)' && \
	for name in requirements requirements-dev; do \
	  "$$scratch/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    $$name.txt --output-file $$name.lock || exit 1; \
	done

format: set-up ## what `make check` can mend by itself
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format . && \
	$(BIN)/python .ci/settings_table.py && $(BIN)/python .ci/health_table.py && $(BIN)/python .ci/metrics_table.py && \
	$(BIN)/python .ci/configuration_schema.py
