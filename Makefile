# The front door. It holds no build knowledge: CMake (CMakePresets.json) builds, the scripts in scripts/ do the rest.
#
#   make            build                       make demo     run the tour in the terminal
#   make test       build, run every test       make lab      open JupyterLab on notebooks/
#   make test-all   the longer list, before a release
#   make test-systems  make demo and make test on Debian 13 and testing, in chroots (root; an hour)
#   make lint       style, types, layers, and the examples of the documentation
#   make dev        build what tests need, and run one of them
#   make bench      run the benchmarks          make install  install under PREFIX (default /usr/local)
#   make notebooks  run the notebooks and save what they show
#   make newest     pin the newest releases of the packages that the tests use, and say what they break
#   make soak       ten thousand batches with faults at random, and a look at what they leave
#   make clean      remove the build tree
#
# BUILD=dir       another build tree            NOTEBOOK=file     another notebook for `make demo`
# TEST_ARGS=...   options of run_tests.py       LAB_ARGS=...      options of JupyterLab
# TEST="..."      for `make dev`: a file of tests/, and options   PRESET=asan  ... under a sanitizer
# SOAK_ARGS=...   options of the soak: --batches N, --seed N
# SYSTEMS_ARGS=...  options of try_systems.py: --only trixie, --command demo, --keep

BUILD ?= build
PREFIX ?= /usr/local
quickstart := notebooks/quickstart.ipynb
NOTEBOOK ?= $(quickstart)
# Debian's own interpreter, by its full name: the kernel embeds it, and another python may come first in PATH.
PYTHON ?= /usr/bin/python3

# DESTDIR reaches CMake through the environment; a relative BUILD or PREFIX means the folder of this file.
build_dir := $(abspath $(BUILD))
headers := $(build_dir)/headers
configure = cmake --preset $(1) -B $(2) -DPython3_EXECUTABLE=$(PYTHON) -DXPAR_HEADERS=$(headers)

.PHONY: build build-tests demo dev test test-all test-systems lint newest soak lab bench notebooks install clean \
        packages packages-notebooks packages-test
.DEFAULT_GOAL := build

packages:
	@scripts/install-packages --keep
	@scripts/unpack-packages $(headers) scripts/packages-headers.txt

packages-notebooks: packages
	@scripts/install-packages scripts/packages-notebooks.txt

packages-test: packages-notebooks
	@scripts/install-packages scripts/packages-test.txt

# Ninja runs CMake again by itself when a CMakeLists.txt changes; the presets are the one input it does not know.
$(build_dir)/build.ninja: CMakePresets.json | packages
	$(call configure,default,$(build_dir))

# The same tree, with the targets of tests: what they need is not looked for before.
$(build_dir)/with-tests: CMakePresets.json | packages-test
	$(call configure,tests,$(build_dir))
	@touch $@

build: $(build_dir)/build.ninja | packages
	@cmake --build $(build_dir)

# The other notebooks need more packages.
demo: $(if $(filter $(quickstart),$(NOTEBOOK)),,packages-notebooks) build
	@$(PYTHON) scripts/show_notebook.py --build-dir $(build_dir) --doctor $(NOTEBOOK)

build-tests: $(build_dir)/with-tests | packages-test
	@cmake --build $(build_dir) --target all tests

test: build-tests
	@$(PYTHON) scripts/run_tests.py --build-dir $(build_dir) $(TEST_ARGS)

test-all: build-tests soak
	@$(PYTHON) scripts/run_tests.py --build-dir $(build_dir) --all $(TEST_ARGS)

test-systems:
	@$(PYTHON) scripts/try_systems.py --build-dir $(build_dir) $(SYSTEMS_ARGS)

lint: $(build_dir)/with-tests build
	@$(PYTHON) scripts/run_tests.py --build-dir $(build_dir) --only lint --only docs

dev: $(build_dir)/with-tests | packages-test
	@$(PYTHON) scripts/run_one.py --build-dir $(build_dir) --preset "$(PRESET)" $(TEST)

newest: build-tests
	@$(PYTHON) scripts/renew_newest.py --build-dir $(build_dir)

notebooks: packages-notebooks build
	@$(PYTHON) scripts/save_notebooks.py --build-dir $(build_dir) notebooks/*.ipynb

soak: build
	@PYTHONPATH=$(build_dir)/python $(PYTHON) tests/python/soak.py $(SOAK_ARGS)

lab: packages-notebooks build
	@scripts/lab $(build_dir) $(PYTHON) $(LAB_ARGS)

bench: packages-test
	$(call configure,bench,$(build_dir)/bench)
	@cmake --build $(build_dir)/bench --target bench

install: build
	@cmake --install $(build_dir) --prefix $(abspath $(PREFIX))

# Only what CMake or this file made is removed, whatever BUILD says.
clean:
	@if [ ! -e $(build_dir) ]; then :; \
	elif [ -e $(build_dir)/CMakeCache.txt ] || [ -e $(headers)/unpacked ] || [ -e $(build_dir)/lab ]; then rm -rf $(build_dir); \
	else echo "make clean: $(build_dir) is no build tree of this project; nothing removed" >&2; exit 1; fi
