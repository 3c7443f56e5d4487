# make run    the window on the bundled samples; without a screen: the samples' table and a picture of the window
# make test   all that CI runs
# make setup  the environment in .venv, which both begin with
# make bench  speed, next to the figures to reach
# make data   manifests of the corpora under DATA=folder, written to data/
.DEFAULT_GOAL := run
.PHONY: run setup test lint types contracts tests bench data format clean

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2])' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
READY := .venv/.ready
SERVER := .venv/.sound-server
DATA ?= ../shared/data
CORPORA := crema-d emo-db librispeech kathleen ljspeech vctk

setup: $(READY)
	@echo "Ready: .venv"

$(READY): pyproject.toml constraints.txt scripts/setup.sh scripts/system_libraries.py
	@PYTHON="$(PYTHON)" bash scripts/setup.sh

run: $(READY)
	@bash scripts/run.sh

test: $(READY) lint types contracts tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

# some tests listen to what is played; tried once, and they are skipped where it cannot be had
$(SERVER): $(READY)
	@$(BIN)/python scripts/system_libraries.py --sound-server || true
	@touch $@

tests: $(READY) $(SERVER)
	$(BIN)/python -m pytest --numprocesses logical --dist loadscope

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m app bench

data: $(READY)
	@mkdir -p data
	@for name in $(CORPORA); do \
		[ ! -d "$(DATA)/$$name" ] || $(BIN)/python -m app corpus $$name "$(DATA)/$$name" -o data/$$name.csv || [ $$? -eq 1 ] || exit 1; \
	done

clean:
	rm -rf build .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache *.egg-info
