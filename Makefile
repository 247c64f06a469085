# All set-up is done by `make demo` and `make test`; nothing needs to be prepared but Python >= 3.11 (or uv) and make.
PYTHON ?= python3
BIN := .venv/bin
LISTEN ?=
LISTEN_FLAG = $(if $(LISTEN),--web.listen-address=$(LISTEN))

# The rooms without servers, sockets or generated RSA keys: what to run after each change, in half a minute.
QUICK := tests/wire tests/config tests/findings tests/metrics tests/golden tests/certificates tests/test_*.py
QUICK += tests/cli/test_report_posture.py --ignore-glob='*_live.py' --ignore-glob='*_real_clients.py'

.PHONY: stacks run demo test quick lint golden bench clients roots dist clean

run: .venv/run
	$(BIN)/tls-exporter --config.file=$(if $(wildcard config.yaml),config.yaml,config.example.yaml) $(LISTEN_FLAG)

demo: .venv/run
	$(BIN)/tls-exporter demo $(LISTEN_FLAG)

test: .venv/dev
	$(BIN)/python -m pytest $(ARGS)

quick: .venv/dev
	$(BIN)/python -m pytest -q -m 'not server' $(QUICK) $(ARGS)

lint: .venv/dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

golden: .venv/dev
	$(BIN)/python -m pytest tests/golden --accept $(ARGS)

bench: .venv/dev
	$(BIN)/python -m bench $(ARGS)

# docs/stacks.md: what servers accept as they come, of those that are installed.
stacks: .venv/dev
	$(BIN)/python tools/stacks.py

# What Chromium, Go, rustls and OpenSSL say of each chain of the tests, next to the rules (a "!" marks a difference).
clients: .venv/dev
	$(BIN)/python -m pytest -q -s tests/certificates/test_real_clients.py

# The roots that Mozilla trusts, with their dates of distrust, from the Go module that carries them (needs go).
roots: .venv/dev
	PYTHONPATH=. $(BIN)/python tools/mozilla_roots.py

dist: .venv/dev
	$(BIN)/python tools/release.py

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache

.venv/run: pyproject.toml tools/setup.sh
	sh tools/setup.sh $(PYTHON) run
	touch $@

.venv/dev: pyproject.toml tools/setup.sh
	sh tools/setup.sh $(PYTHON) dev
	touch $@ .venv/run
