# Everything one does with this checkout; `make help` lists it.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(if $(shell $(name) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(name))))
WORKERS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TRANSLATIONS := govcloud/web/translations
CATALOGUES := $(wildcard $(TRANSLATIONS)/*/LC_MESSAGES/messages.po)
UV := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(if $(UPGRADE),--upgrade)
BENCHES := $(if $(ONLY),$(ONLY),$(filter-out __init__ _%,$(basename $(notdir $(wildcard bench/*.py)))))

.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev setup-browser setup-clients test test-clients lint format bench bundle lock clean
.DELETE_ON_ERROR:

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## set everything up and start it: database, platform, jobs, two example subsystems (Ctrl-C stops)
	@exec $(BIN)/govcloud run $(ARGS)

setup: .venv/.runtime .venv/.project .venv/.translations ## only the set-up (as root also the missing system packages)

setup-dev: setup .venv/.dev ## the set-up with the tools for tests and lint

test: setup-dev setup-browser ## the suite on a throw-away PostgreSQL, the story in Chromium included (ARGS="tests/unit -k word" for a part)
	@$(BIN)/python -m pytest -n $(WORKERS) -m 'not clients' $(ARGS)

test-clients: setup-dev setup-browser setup-clients ## real clients, unmodified: Apache, nginx, Node and Chromium sign in; long walks through the console; drills with whole processes
	@$(BIN)/python -m pytest -n $(WORKERS) -m clients $(ARGS)

lint: setup-dev ## style, types, architecture, dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python -c 'import importlib.metadata as m; found = [d.name for d in m.distributions() if d.name.lower() == "casbin"]; raise SystemExit("lint: the distribution casbin shadows pycasbin; uninstall it" if found else 0)'
	@.ci/audit-dependencies

format: setup-dev ## let ruff put the code in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: setup-dev ## measure; results in bench/results/*.json (ONLY=authorization for one)
	@mkdir -p bench/results
	@test -n '$(BENCHES)' || { echo 'make bench: there is no bench/*.py' >&2; exit 1; }
	@missed=; for name in $(BENCHES); do \
	  test -f bench/$$name.py || { echo "make bench: bench/$$name.py does not exist" >&2; exit 1; }; \
	  echo "bench $$name"; $(BIN)/python -m bench.$$name || missed="$$missed $$name"; \
	done; test -z "$$missed" || { echo "make bench: a target was missed, or a run failed:$$missed" >&2; exit 1; }

bundle: setup ## dist/bundle: everything in one folder, which installs without any network
	@rm -rf dist/bundle build
	@mkdir -p dist/bundle/wheels
	$(PIP) wheel --quiet --require-hashes --no-deps --wheel-dir dist/bundle/wheels -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir dist/bundle/wheels .
	@cp requirements/runtime.txt deploy/install.sh dist/bundle/
	@cp -r deploy/nginx deploy/systemd deploy/postgresql dist/bundle/
	@cp -r README.md README.zh-CN.md CHANGELOG.md docs dist/bundle/
	@$(BIN)/python -c 'import platform as p, sys; print("%d.%d %s" % (*sys.version_info[:2], p.machine()))' > dist/bundle/built-for
	@cd dist/bundle && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs -d '\n' sha256sum > SHA256SUMS
	@rm -rf build
	@du -sh dist/bundle && echo 'on the target: ./install.sh /opt/govcloud'

lock: setup-dev ## compile requirements/*.in into *.txt with hashes (UPGRADE=1 for newer versions)
	cd requirements && ../$(BIN)/$(UV) runtime.in -o runtime.txt
	cd requirements && ../$(BIN)/$(UV) build.in -o build.txt
	cd requirements && ../$(BIN)/$(UV) -c runtime.txt -c build.txt dev.in -o dev.txt

clean: ## remove what make made; the data of `make run` stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis tests/artefacts
	find govcloud tests migrations examples bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
	rm -f $(CATALOGUES:.po=.mo)

setup-browser:
	@command -v chromium >/dev/null && test -n "$$(fc-list :lang=zh 2>/dev/null)" || .ci/system-packages chromium fontconfig fonts-noto-cjk

setup-clients: tests/real_clients/node/node_modules tests/real_clients/python/packages
	@test -e /usr/lib/apache2/modules/mod_auth_cas.so -a -e /usr/lib/apache2/modules/mod_auth_openidc.so \
	  || .ci/system-packages apache2 libapache2-mod-auth-openidc libapache2-mod-auth-cas
	@command -v nginx >/dev/null || test -x /usr/sbin/nginx || .ci/system-packages nginx

tests/real_clients/node/node_modules: tests/real_clients/node/package-lock.json
	@command -v npm >/dev/null || .ci/system-packages nodejs npm
	cd tests/real_clients/node && npm ci --silent --no-audit --no-fund
	@touch $@

tests/real_clients/python/packages: tests/real_clients/python/requirements.txt .venv/.dev
	@rm -rf $@
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps --target $@ -r $<
	@touch $@

.venv/.made:
	@test -n '$(PYTHON)' || { echo 'make: Python 3.11 or newer is needed and none was found; name it with PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'make: $(PYTHON) is older than Python 3.11; name another one with PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/system-packages python3-venv
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo 'making the virtual environment .venv'; $(PYTHON) -m venv --clear .venv; }
	@touch $@

.venv/.runtime: .venv/.made requirements/runtime.txt requirements/build.txt
	@echo 'installing what the platform runs on'
	@.ci/install-requirements requirements/build.txt requirements/runtime.txt
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	@echo 'installing the tools for tests and lint'
	@.ci/install-requirements requirements/dev.txt
	@touch $@

.venv/.project: .venv/.runtime pyproject.toml
	@$(PIP) install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.translations: .venv/.runtime $(CATALOGUES)
	@$(if $(CATALOGUES),$(BIN)/pybabel --quiet compile --directory $(TRANSLATIONS))
	@touch $@
