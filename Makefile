# `make demo` and `make test` set up all they need in .venv; nothing else has to be installed first.
PYTHON ?= python3
BIN := .venv/bin
LOWEST := .venv-lowest

# Programs here do not begin with what this shell has set for the Python of something else.
$(foreach name,$(filter-out PYTHON,$(filter PYTHON% PYTEST%,$(.VARIABLES))),$(eval unexport $(name)))

.PHONY: demo demo-loop test test-lowest bench bench-large fuzz docs shapes site dist format clean
.DEFAULT_GOAL := test

NEW_ENOUGH := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Demarcate needs Python 3.11 or newer: make PYTHON=python3.12")'

# What runs Demarcate, and nothing besides: enough for the demo.
.venv/runs: pyproject.toml
	$(NEW_ENOUGH)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable .
	$(BIN)/python -m compileall -q src
	touch $@

.venv/installed: .venv/runs
	$(BIN)/python -m pip install --quiet --editable '.[arrow,calendar,logs,pictures,postgres,sigma,spark]' --group dev
	touch $@

$(LOWEST)/installed: pyproject.toml .ci/lowest.py
	$(NEW_ENOUGH)
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(LOWEST)/bin/python .ci/lowest.py pyproject.toml > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt --editable '.[arrow,calendar,logs,pictures,postgres,sigma,spark]' --group dev
	touch $@

demo: .venv/runs ## assess the example estate with its evidence, and write the report
	mkdir -p out
	$(BIN)/demarcate assess examples/estate --evidence examples/evidence --as-of 2026-11-23 --out out/report.html
	@echo "The report is $(CURDIR)/out/report.html: open it in a browser."

demo-loop: .venv/installed ## declare, deploy, drift, plan, approve, apply, verify, undo: against an AWS that runs here
	$(BIN)/python -m examples.loop.run

test: .venv/installed ## everything that CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	.ci/browser
	.ci/postgresql
	.ci/java
	.ci/trestle
	$(BIN)/mypy & types=$$!; $(BIN)/pytest; tests=$$?; wait $$types && exit $$tests

test-lowest: $(LOWEST)/installed ## the tests, with the oldest versions that pyproject.toml promises to run with
	$(LOWEST)/bin/pytest

bench: .venv/installed ## speed and memory, as ratios to a reference measured in the same run
	$(BIN)/python bench/run.py

bench-large: .venv/installed ## how collecting a live estate grows from 50 to 500 of each kind (about ten minutes)
	$(BIN)/python bench/live.py 50 500

fuzz: .venv/installed ## ten minutes of inputs that are nearly right (COUNT=, SECONDS= of each target, SEED=, TARGETS=)
	$(BIN)/python -m fuzz.run $(TARGETS) $(if $(COUNT),--count $(COUNT)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

shapes: .venv/installed ## write the names and forms of templates' properties, from the data that AWS publishes
	$(BIN)/python -m tools.shapes src/demarcate/estate/sources/cloudformation/shapes.json
	$(BIN)/python -m tools.forms src/demarcate/estate/sources/cloudformation/forms.json

docs: .venv/installed ## write the reference pages from the data
	$(BIN)/python -m tools.reference docs/reference

site: .venv/installed ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "The documentation is $(CURDIR)/site/index.html."

# The same commit gives the same bytes: archives carry the moment of the commit, and nothing of this machine.
dist: ## write the wheel, the sdist and its bill of materials (CycloneDX) into dist/
	rm -rf dist .venv-dist
	$(PYTHON) -m venv .venv-dist
	.venv-dist/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-dist/bin/python -m pip install --quiet --group dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) .venv-dist/bin/python -m build --outdir dist .
	$(PYTHON) -m venv --clear .venv-dist/shipped
	.venv-dist/shipped/bin/python -m pip install --quiet dist/*.whl
	.venv-dist/bin/cyclonedx-py environment .venv-dist/shipped --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --of JSON --output-file dist/demarcate.cdx.json
	rm -rf .venv-dist
	@echo "The wheel, the sdist and the bill of materials are in $(CURDIR)/dist."

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .venv-dist .venv-trestle $(LOWEST) dist out site .mypy_cache .ruff_cache .pytest_cache .hypothesis
