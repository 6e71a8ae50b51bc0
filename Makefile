# Copyright (c) 2026, sipfleet.kamailio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

VENV := .work/venv
BIN := $(abspath $(VENV))/bin
COLLECTIONS := $(abspath .work/collections)
export ANSIBLE_COLLECTIONS_PATH := $(COLLECTIONS)

.PHONY: help setup packages lab test gates quick nightly static sanity sanity-all cores lint changelog docs docs-lint reuse artifact release-check \
  pytest fleets pythons unit units units-all molecule fresh load demo bench rules fuzz random attack clean

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

test: quick packages lab ## Everything for a change, on Debian, as root
	$(MAKE) --jobs 2 --output-sync=target --no-print-directory gates
	$(MAKE) pytest

gates: changelog sanity units lint docs artifact docs-lint reuse cores ## All but quick and pytest; with -j several at once

quick: static unit ## Formatting, types and the unit tests: a minute or two

nightly: units-all sanity-all pythons fleets attack fuzz random ## What takes too long for each change

setup: $(VENV)/.made ## The virtual environment with the tools, in .work/venv

$(VENV)/.made: requirements-dev.txt tests/tools/make-venv
	tests/tools/make-venv $(VENV) "3.11 3.12 3.13" --requirement requirements-dev.txt
	mkdir -p .work/collections/ansible_collections/sipfleet
	ln -sfn "$(CURDIR)" .work/collections/ansible_collections/sipfleet/kamailio
	touch $@

packages: ## The Debian packages that the tests need
	tests/tools/packages

lab: packages ## Root file systems with four versions of Kamailio, in the user's cache folder
	tests/lab/build-roots

static: setup ## Formatting, ruff and mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	cd $(COLLECTIONS) && $(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p ansible_collections.sipfleet.kamailio.plugins
	MYPYPATH=plugins:extensions/check $(BIN)/mypy --config-file pyproject.toml extensions/check/*.py
	cd tests && MYPYPATH=$(COLLECTIONS):.:../docs:../docs/site:../extensions/check:../plugins $(BIN)/mypy \
	  unit conformance integration attack report fleet load cores.py

changelog: setup ## The changelog fragments
	$(BIN)/antsibull-changelog lint

docs-lint: setup ## The documentation of the modules
	PATH="$(BIN):$$PATH" $(BIN)/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self .

docs: setup .work/docs-venv/.made ## The documentation as a site, in .work/docs/html
	docs/site/build .work/docs-venv .work/docs

.work/docs-venv/.made: requirements-docs.txt requirements-dev.txt tests/tools/make-venv
	tests/tools/make-venv .work/docs-venv "3.11 3.12 3.13" --requirement requirements-docs.txt
	touch $@

sanity: setup lab .work/core-2.21/.made ## ansible-test sanity of the newest ansible-core, and the imports on the oldest Python
	tests/tools/at-once "tests/tools/sanity .work/core-2.21" "tests/tools/sanity $(VENV) oldest-python"

sanity-all: setup cores ## ansible-test sanity, all of its tests, of each ansible-core
	tests/tools/at-once "tests/tools/sanity .work/core-2.17" "tests/tools/sanity $(VENV)" "tests/tools/sanity .work/core-2.21"

cores: lab .work/core-2.17/.made .work/core-2.21/.made ## The oldest and the newest ansible-core

.work/core-2.17/.made: tests/tools/make-venv
	tests/tools/make-venv .work/core-2.17 "3.11 3.12" ansible-core==2.17.14
	touch $@

.work/core-2.21/.made: tests/tools/make-venv
	tests/tools/make-venv .work/core-2.21 "3.12 3.13 3.14" ansible-core==2.21.5
	touch $@

units: lab ## The unit tests of what runs on hosts, with the oldest and the newest Python, and what they reach
	tests/tools/units 3.8 3.14

units-all: lab ## The same with every Python that is here
	tests/tools/units 3.8 3.9 3.10 3.11 3.12 3.13 3.14

lint: setup ## ansible-lint, production profile
	PATH="$(BIN):$$PATH" $(BIN)/ansible-lint

pytest: setup lab cores ## The tests with Ansible, servers and hosts
	$(BIN)/python -m pytest

pythons: setup lab ## A change of a running server with every Python that is here
	SIPFLEET_PYTHONS="3.8 3.9 3.10 3.11 3.12 3.13" $(BIN)/python -m pytest tests/conformance/test_pythons.py -n 2

fleets: setup lab cores ## The tests on hosts that take too long for each change
	$(BIN)/python -m pytest -m nightly

unit: setup ## The unit and property tests: no server
	$(BIN)/python -m pytest tests/unit

artifact: .work/release/.made ## The tarball: built, looked at as Galaxy does, installed, and its demo run
	tests/tools/artifact .work/release

reuse: .work/release/.made ## Copyright and licence of every file
	.work/release/bin/reuse lint --quiet || .work/release/bin/reuse lint

release-check: test units-all sanity-all pythons ## Whether this commit can be released as the version of galaxy.yml
	tests/tools/release-check $(VENV)

.work/release/.made: requirements-release.txt requirements-dev.txt tests/tools/make-venv
	tests/tools/make-venv .work/release "3.11 3.12 3.13" --requirement requirements-release.txt
	touch $@

molecule: setup lab .work/molecule/.made ## The Molecule scenarios, or some: SCENARIOS="default server"
	tests/tools/molecule .work/molecule $(SCENARIOS)

.work/molecule/.made: requirements-molecule.txt requirements-dev.txt tests/tools/make-venv
	tests/tools/make-venv .work/molecule "3.11 3.12 3.13" --requirement requirements-molecule.txt
	touch $@

fresh: packages ## The demo and the tests in a new Debian 12 with make, git and Python alone: 40 minutes; no other tests meanwhile
	tests/tools/fresh demo test

load: setup lab ## Calls during 50 reloads, by the module and by kamcmd: for a machine that does nothing else
	$(BIN)/python -m pytest tests/load -n 0

rules: setup ## Write docs/rules.md and docs/rules/ anew, from the table of rules and docs/rules.yml
	$(BIN)/python docs/make_rules.py

fuzz: setup ## The property tests with new examples, for SIPFLEET_SECONDS (600)
	end=$$(( $$(date +%s) + $${SIPFLEET_SECONDS:-600} )); while [ $$(date +%s) -lt $$end ]; do \
	  SIPFLEET_PROFILE=fuzz $(BIN)/python -m pytest tests/unit -n 2 -k any || exit 1; done

random: setup lab ## Whole configurations made at random, SIPFLEET_CASES (2000) for each version of Kamailio, new ones each time
	SIPFLEET_CASES=$${SIPFLEET_CASES:-2000} SIPFLEET_SEED=$${SIPFLEET_SEED:-$$(date +%s)} \
	  $(BIN)/python -m pytest tests/conformance/test_random_configs.py -n 2 -m ""

attack: setup lab ## The attacks of other users of the host, with SIPFLEET_TRIES (10000) tries a race
	SIPFLEET_TRIES=$${SIPFLEET_TRIES:-10000} $(BIN)/python -m pytest tests/attack -n 2 -o timeout=7200

demo: ## See it work on a real Kamailio
	@./demo/run

bench: setup ## The benchmarks, with their ratios
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/config.py
	$(BIN)/python benchmarks/validate.py
	$(BIN)/python benchmarks/transports.py
	$(BIN)/python benchmarks/rollout.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/run.py

clean: ## Remove what make has put into this folder
	rm -rf .work .ansible .hypothesis .pytest_cache .mypy_cache .ruff_cache tests/output changelogs/.plugin-cache.yaml *.tar.gz
