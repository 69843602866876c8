# One verb per task, the same here and in continuous integration. Each verb makes the virtual environment it needs.
# Needs: Python 3.11 or later, a C++20 compiler, make. pip supplies the rest.

PYTHON ?= python3
VENV ?= .venv
# How the package gets into the environment: editable for work on it, "." for the package as a user gets it.
INSTALL ?= --editable .

RUN := $(VENV)/bin/
SECONDS ?= 600
WORKERS ?= 2
ENGINES ?= dask ray spark
AXE ?= $(VENV)/axe/node_modules/axe-core/axe.min.js
PIP := $(RUN)python -m pip --quiet --disable-pip-version-check install
NATIVE := pyproject.toml CMakeLists.txt $(shell find cpp -type f)
ifneq ($(findstring editable,$(INSTALL)),editable)
NATIVE += $(shell find src -type f -not -name '*.pyc')
endif

# The lowest version that pyproject.toml declares of everything that the tests run with Elman, such as pandas==2.2.2.
LOWEST = $(shell $(PYTHON) -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	more = project["optional-dependencies"]; \
	print(*project["dependencies"], *more["plot"], *more["text"], *more["explain"], *more["parquet"], *more["dtw"], more["dask"][0])' | sed 's/>=/==/g')
CALENDAR := tests/forecasting/test_frames.py tests/tables

.PHONY: demo help clean test test-lowest test-lowest-pandas test-external test-browser test-cluster faults fuzz mutate sanitize check docs site bench bench-scale accuracy prior wheel wheels test-wheel test-arm test-compilers
.DEFAULT_GOAL := help

##@ First steps

demo: $(VENV)/.plot ## forecast the shipped airline passengers and draw the picture
	@$(RUN)elman forecast air-passengers --horizon 12 --plot air-passengers.png
	@echo "The picture is $(CURDIR)/air-passengers.png"

help: ## show this list
	@awk '/^##@/ { print "\n" substr($$0, 5) } \
		/^[a-z-]+:.*## / { split($$0, part, /:.*## /); printf "  %-20s%s\n", part[1], part[2] }' $(MAKEFILE_LIST)

clean: ## remove everything that the other verbs made
	rm -rf $(VENV) build dist docs/gallery air-passengers.png .hypothesis .mypy_cache .pytest_cache .ruff_cache

##@ Tests

test: $(VENV)/.test ## run the tests, shared among two processes (WORKERS=... for another number)
	@$(RUN)python -m pytest -n $(WORKERS) --dist worksteal

# Old releases warn of what the newest releases of their own dependencies will drop; our own use is checked by `test`.
test-lowest: ## run the tests with the lowest versions of everything that Elman needs
	@$(MAKE) --no-print-directory VENV=$(VENV)/lowest INSTALL=". $(LOWEST)" $(VENV)/lowest/.test
	@$(VENV)/lowest/bin/python -m pytest -n $(WORKERS) --dist worksteal -W ignore::DeprecationWarning

test-lowest-pandas: $(VENV)/.test ## run the tests of dates and tables with the lowest version of pandas
	@$(PIP) --no-deps --upgrade --target $(VENV)/lowest-pandas $(filter pandas==%,$(LOWEST)) pytz
	@PYTHONPATH=$(VENV)/lowest-pandas $(RUN)python -m pytest -q $(CALENDAR)

# pdfTeX compiles every document in LaTeX; Debian's packages are installed where there is none, which needs root.
test-external: $(VENV)/.external ## suites of ONNX, PyTorch, Keras, sktime and others, LaTeX; writes docs/compatibility.md
	@command -v pdflatex > /dev/null || { apt-get -qq update && apt-get -qq install -y --no-install-recommends texlive-latex-recommended; }
	@$(RUN)python tests_external/compatibility.py

test-browser: $(VENV)/.browser $(AXE) site ## the worked-by-hand page and the site in Chromium (CHROMIUM=... names another)
	@AXE=$(abspath $(AXE)) $(RUN)python -m pytest tests_browser

faults: $(VENV)/.test ## kill, interrupt, fill the disk: is every file whole, every run taken up again? (needs strace)
	@$(RUN)python -m pytest tests_faults

# PySpark needs Java 17 or later; Debian's package is installed where there is none, which needs root.
test-cluster: $(VENV)/.cluster ## forecasts on Dask, Ray and Spark: the bits of one machine, workers killed (ENGINES="dask ray spark")
	@command -v java > /dev/null || { apt-get -qq update && apt-get -qq install -y default-jre-headless; }
	@for engine in $(ENGINES); do $(RUN)python -m pytest tests_cluster -k $$engine || exit 1; done

fuzz: $(VENV)/.fuzz ## ten minutes of made-up files for the loader and the readers of tables (SECONDS=... for longer)
	@$(RUN)python tests_fuzz/fuzz.py $(SECONDS)

mutate: $(VENV)/.native ## sabotage the source: every sabotage must turn a test red; writes docs/mutation.md
	@PATH="$(abspath $(RUN)):$$PATH" $(RUN)python tests_mutate/mutate.py $(ROOMS)

sanitize: $(VENV)/.native ## the tests of the engine under AddressSanitizer, UBSan and ThreadSanitizer (needs GCC)
	@PATH="$(abspath $(RUN)):$$PATH" $(RUN)python tests_sanitize/sanitize.py

##@ Style and documents

check: $(VENV)/.check ## style, types, import direction
	@$(RUN)ruff check --quiet .
	@$(RUN)ruff format --quiet --check .
	@$(RUN)mypy --strict --no-error-summary src/elman
	@$(RUN)clang-format --dry-run -Werror $$(find cpp -name '*.h' -o -name '*.cpp')
	@$(RUN)python -m pytest -q tests/meta/test_imports.py

docs: $(VENV)/.test ## run every command and example of the documents
	@$(RUN)python -m pytest -n $(WORKERS) --dist worksteal tests_docs tests/meta/test_documents.py tests/meta/test_doctests.py

site: $(VENV)/.docs ## build the documentation site into build/site; a broken link or example fails
	@rm -rf build/site build/doctrees docs/gallery
	@MPLBACKEND=Agg $(RUN)sphinx-build --quiet --fail-on-warning -c docs/site -d build/doctrees . build/site
	@echo "The site is $(CURDIR)/build/site/index.html"

##@ Measurements

bench: $(VENV)/.bench ## time the engine beside PyTorch, JAX and ONNX Runtime
	@$(RUN)python benchmarks/engine.py

bench-scale: $(VENV)/.test ## forecast a million series from Parquet files; PEER=... names a Python with statsforecast
	@$(RUN)python benchmarks/scale.py $(or $(FOLDER),build/scale) $(if $(PEER),--peer $(PEER))

accuracy: $(VENV)/.package ## forecast accuracy on public data sets
	@$(RUN)python benchmarks/accuracy.py

prior: $(VENV)/.package ## train the prior from scratch, or continue an interrupted run
	@OPENBLAS_NUM_THREADS=1 $(RUN)python -m elman.prior.making

##@ Wheels and other systems

wheel: $(VENV)/.check ## build a wheel into dist/ and have auditwheel judge it
	@rm -f dist/elman-*.whl
	@$(RUN)python -m pip --quiet --disable-pip-version-check wheel --no-deps --wheel-dir dist .
	@$(RUN)auditwheel show dist/elman-*.whl | tee dist/auditwheel.txt
	@grep -q '"manylinux_' dist/auditwheel.txt || { echo "auditwheel does not accept this wheel" >&2; exit 1; }

wheels: $(VENV)/.python ## manylinux_2_28 wheels for x86-64 and 64-bit ARM into dist/; needs Python 3.11 and a later one
	@$(RUN)python tests_platforms/wheels.py

# Other systems and compilers. What they need of Debian's packages they install; they need root, for chroot.
test-wheel: $(VENV)/.python ## install the wheel of `make wheels` in a Debian 13 without a compiler, forecast, run tests
	@$(RUN)python tests_platforms/installed.py $(TESTS)

test-arm: $(VENV)/.test ## build for 64-bit ARM with a cross compiler, test under emulation, exchange saved models
	@PATH="$(abspath $(RUN)):$$PATH" $(RUN)python tests_platforms/arm.py $(TESTS)

test-compilers: $(VENV)/.python ## kernel tests with GCC and Clang of three Debian releases; Zig for other systems; writes docs/platforms.md
	@$(RUN)python tests_platforms/compilers.py $(COMPILERS)

# Stamps. Each stands on the one before where both call pip, so that `make -j` never runs pip twice in one environment.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Elman needs Python 3.11 or later")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.package: $(VENV)/.python $(NATIVE)
	@echo "Compiling and installing Elman into $(VENV)"
	@$(PIP) $(INSTALL)
	@touch $@

# The accessibility checker is a script; npm fetches it unless AXE names one.
$(VENV)/axe/node_modules/axe-core/axe.min.js: $(VENV)/.python
	@npm install --silent --no-audit --no-fund --prefix $(VENV)/axe axe-core@4
	@touch $@

EXTRA = @$(PIP) $$($(RUN)python -c 'import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["$(subst .,,$(suffix $@))"])')

$(VENV)/.plot: $(VENV)/.package
	$(EXTRA)
	@touch $@

$(VENV)/.test: $(VENV)/.package
	$(EXTRA)
	@touch $@

$(VENV)/.check: $(VENV)/.test
	$(EXTRA)
	@touch $@

$(VENV)/.external: $(VENV)/.test
	$(EXTRA)
	@touch $@

$(VENV)/.docs: $(VENV)/.test
	$(EXTRA)
	@touch $@

$(VENV)/.cluster: $(VENV)/.test
	$(EXTRA)
	@touch $@

$(VENV)/.fuzz: $(VENV)/.test
	$(EXTRA)
	@touch $@

$(VENV)/.native: $(VENV)/.test
	$(EXTRA)
	@touch $@

$(VENV)/.bench: $(VENV)/.check
	$(EXTRA)
	@touch $@

$(VENV)/.browser: $(VENV)/.test
	$(EXTRA)
	@touch $@
