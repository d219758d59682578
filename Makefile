# Every chore of the project. Tests run on the installed wheel, so what is tested is what is shipped.

VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/done
WHEEL := build/wheel
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
SOURCES := $(shell find src templates static -not -name '*.mo' -not -name '*.min.js' -not -name '*.pyc') \
	hatch_build.py pyproject.toml README.md LICENSE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: system-demo $(DONE)/app ## the service and a demo portal on this machine, with fresh passwords
	@$(BIN)/dvauth demo $(ARGS)

test: system-test $(DONE)/app $(DONE)/test $(DONE)/npm ## every test; ARGS="tests/web -k login" for some of them
	@$(if $(ARGS),,node --test --test-reporter=dot tests/embed/*.test.js)
	@$(BIN)/pytest $(or $(ARGS),--cov --cov-report=term)

lint: system-lint $(DONE)/app $(DONE)/lint $(DONE)/npm ## format, lint, types, who may import whom
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint Dockerfile
	@cd tests/embed && npm run --silent types && npm run --silent lint

check: lint test ## everything that must hold before a commit

format: $(DONE)/lint ## put the code in its form and mend what can be mended by itself
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

texts: $(DONE)/app ## bring new texts into the Vietnamese catalogue; tests fail until they are translated
	@$(BIN)/pybabel -q extract -F pyproject.toml -k lazy_gettext --no-location -o build/texts.pot src templates
	@$(BIN)/pybabel -q update -N --no-wrap --ignore-obsolete --ignore-pot-creation-date \
		-l vi -d src/dvauth/translations -i build/texts.pot

bench: system-bench $(DONE)/app $(DONE)/bench ## measure side by side with what one would otherwise write
	@$(BIN)/python bench $(ARGS)

bench-prompt: system-test $(DONE)/app $(DONE)/test ## what the prompt costs a page and how late it is, in a minute
	@$(BIN)/python bench/prompt.py

bench-admin: system-bench $(DONE)/app $(DONE)/bench ## the pages for administrators with a thousand and a million sessions
	@$(BIN)/python bench/admin.py $(ARGS)

mutants: system-test $(DONE)/app $(DONE)/mutants ## do the tests notice when the core is changed?
	@$(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results

broken-prompts: system-test $(DONE)/app $(DONE)/test ## do the tests of the prompt notice when a behaviour is broken?
	@$(BIN)/python -m tests.broken $(ARGS)

secrets: ## what docker-compose.yml needs before its first start
	@python3 scripts/compose_secrets.py

wheel: $(DONE)/wheel ## the package, in build/wheel

clean: ## remove what was built and set up here; the demo's data stays
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .coverage

system-%:
	@python3 scripts/system.py $*

$(DONE)/pip:
	@echo "Setting up $(VENV) …"
	@python3 -m venv $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"
	@mkdir -p $(DONE) && touch $@

$(DONE)/wheel: $(DONE)/pip $(SOURCES)
	@echo "Building the wheel …"
	@rm -rf $(WHEEL)
	@$(PIP) wheel --no-deps --wheel-dir $(WHEEL) .
	@touch $@

$(DONE)/app: $(DONE)/wheel
	@$(PIP) install --force-reinstall --no-deps $(WHEEL)/*.whl
	@$(PIP) install $(WHEEL)/*.whl
	@touch $@

$(DONE)/npm: tests/embed/package-lock.json
	@cd tests/embed && npm ci --silent --no-audit --no-fund
	@mkdir -p $(DONE) && touch $@

$(addprefix $(DONE)/,test lint bench mutants): $(DONE)/%: pyproject.toml $(DONE)/pip
	@echo "Installing the tools for $* …"
	@$(PIP) install --group $*
	@touch $@

.PHONY: help demo test lint check format texts bench bench-prompt bench-admin mutants broken-prompts secrets wheel clean
