# Every target sets up what it needs; the second time that costs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT = 8020
RUNS = 3
SEEDS = 200
SCHEDULES = 5000
KILLS = 100
MINUTES = 30
FUZZ_SECONDS = 600

.PHONY: sandbox init run test test-http deploy-test container-test fuzz audit soak figures sabotage browser pictures docs docs-test check format bench lock clean
.DEFAULT_GOAL := help

help:
	@echo "make sandbox   try Parley in Slack and Discord on this machine, with no account"
	@echo "               (its page is on port $(PORT); make sandbox PORT=8021 chooses another)"
	@echo "make init      asks for what is needed, and writes .env"
	@echo "make run       the bot, with the settings in .env"
	@echo "make test      the tests              make browser   those in a real browser"
	@echo "make test-http the tests of Slack once more, over HTTP"
	@echo "make check     format, lint, types    make bench     measurements"
	@echo "make fuzz      bad input through every door, for longer than in make test"
	@echo "make soak      thousands of schedules of faults, kills, and half an hour of load"
	@echo "make figures   what these have come to: load held, faults survived, bad inputs tried"
	@echo "make sabotage  breaks lines of the delivery and sees the tests notice"
	@echo "make deploy-test the service, its restarts under load included"
	@echo "make container-test  the container's steps in a clean Debian (as root, with debootstrap)"
	@echo "make audit     looks for known holes in the libraries that are pinned (online)"
	@echo "make pictures  those of the documentation, anew"
	@echo "make docs      docs/settings.md and .env.example, anew"
	@echo "make docs-test the quick start, from nothing: it installs everything"

# What it takes to run Parley, and what it takes to work on it.
$(VENV)/run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Parley needs Python 3.11 or newer.")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Parley needs (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.txt
	@echo "Installing what its tests need (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

sandbox: $(VENV)/run
	@$(BIN)/parley sandbox --port $(PORT)

init: $(VENV)/run
	@$(BIN)/parley init

run: $(VENV)/run
	@$(BIN)/parley run

# Most of a test is waiting, so more of them than cores run at once; a file shares its bot.
test: $(VENV)/dev
	$(BIN)/python -m pytest -n 5 --dist loadfile --no-loadscope-reorder

# What people see on Slack, with Slack over HTTP instead of Socket Mode.
test-http: $(VENV)/dev
	PARLEY_SLACK=http $(BIN)/python -m pytest -n 5 --dist loadfile tests/e2e -k "not discord"

# A minute: the unit's own command, restarted under load.
deploy-test: $(VENV)/dev
	$(BIN)/python -m pytest -m "slow or not slow" tests/deploy

# Some minutes, as root: what a container is made of, in a root file system of its own.
container-test: $(VENV)/dev
	$(BIN)/python -m pytest tests/deploy/clean_root.py

# What a door lets through is told with the seed that plays it again.
fuzz: $(VENV)/dev
	FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} \
		$(BIN)/python -m pytest tests/fuzz --timeout 0

# Some hours: schedules of the core, then of the whole bot. The figures are printed at the end, and
# kept in build/soak.json beside those of make fuzz; make figures prints all of them.
soak: $(VENV)/dev
	$(BIN)/python -m tests.faults --seeds $(SCHEDULES)
	$(BIN)/python -m tests.faults.real --seeds $(SEEDS) --kills $(KILLS) --minutes $(MINUTES)

figures: $(VENV)/run
	@$(BIN)/python -m tests.figures

# Does a test notice when a line that delivers answers is broken?
sabotage: $(VENV)/dev
	$(BIN)/python -m tests.faults.sabotage

browser: $(VENV)/dev
	$(BIN)/python -m pytest -m browser -n 2 --dist loadfile tests/browser

# They need an emoji font besides Chromium: apt-get install fonts-noto-color-emoji
pictures: $(VENV)/dev
	$(BIN)/python -m tests.browser.pictures
	$(BIN)/python -m tests.browser.film

# What is said of each setting stands in docs/settings.toml.
docs: $(VENV)/dev
	$(BIN)/python -m tests.docs.settings

# A minute or two, online: in a folder of its own, as somebody who has just come.
docs-test: $(VENV)/dev
	$(BIN)/python -m pytest -m slow tests/docs --timeout 900

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev
	$(BIN)/python -m tests.bench $(ONLY) --runs $(RUNS)

# New versions, with their hashes, for every Python and machine that Parley runs on.
UV := $(BIN)/python -m uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header --upgrade --quiet
lock: $(VENV)/dev
	$(BIN)/python -m pip install --quiet uv
	$(UV) --output-file requirements.txt
	$(UV) --group dev --output-file requirements-dev.txt
	echo 'setuptools>=80' | $(BIN)/python -m uv pip compile - --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --quiet --output-file deploy/requirements-build.txt

# Asks https://api.osv.dev about every version that is pinned; it says so where that is out of reach.
audit: $(VENV)/dev
	@$(BIN)/python -m tests.audit

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
