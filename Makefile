# The whole workflow. `make demo` and `make test` set up all they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Tests that run at once. They wait more than they work, so that three take a fifth less time on two cores. Each keeps time
# with real programs: where three of them starve one another, take two.
PROCESSES ?= 3
# What failed beside another is tried once more by itself, where nothing else takes the machine's time from it.
ALONE := $(BIN)/python -m pytest --last-failed --last-failed-no-failures none
MODULES := /usr/lib/nginx/modules
LUA := $(MODULES)/ngx_http_lua_module.so
CLIP ?= $(wildcard ../shared/media/bigbuckbunny.mp4)

# Python keeps what it has compiled: each program of ours starts in two thirds of the time, and tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check format lint types unit interop fuzz soak bench bench-cards bench-origin bench-latency clean

demo: .venv/.runs
	$(BIN)/vitrine demo

test: lint types .venv/.tests
	tools/system-packages ffmpeg=ffmpeg ffprobe=ffmpeg chromium-headless-shell=chromium-headless-shell nginx=nginx curl=curl $(LUA)=libnginx-mod-http-lua
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder || $(ALONE)

# Everything that needs no other program, in under two minutes.
check: lint types unit

lint: .venv/.tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.tests
	$(BIN)/mypy

unit: .venv/.tests
	$(BIN)/python -m pytest -q -n $(PROCESSES) -m "not interop"

interop: .venv/.tests
	tools/system-packages ffmpeg=ffmpeg ffprobe=ffmpeg chromium-headless-shell=chromium-headless-shell nginx=nginx curl=curl $(LUA)=libnginx-mod-http-lua
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder -m interop

format: .venv/.tests
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# A few minutes for all parsers of outside bytes; `make fuzz SECONDS=600` for longer. See docs/security.md.
SECONDS ?= 10
fuzz: .venv/.tests
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev,fuzz]"
	$(BIN)/python -m fuzz --seconds $(SECONDS)

# An hour of everything that goes wrong, at random; `make soak MINUTES=10 SEED=7` for less, and again. See docs/soak.md.
MINUTES ?= 60
soak: .venv/.tests
	tools/system-packages ffmpeg=ffmpeg chromium-headless-shell=chromium-headless-shell
	$(BIN)/python -m soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

bench: .venv/.tests
	tools/system-packages ffmpeg=ffmpeg chromium-headless-shell=chromium-headless-shell
	$(BIN)/python -m bench $(CLIP)

bench-cards: .venv/.tests
	tools/system-packages ffmpeg=ffmpeg chromium-headless-shell=chromium-headless-shell
	$(BIN)/python -m bench.cards

bench-origin: .venv/.tests
	tools/system-packages ffmpeg=ffmpeg nginx=nginx wrk=wrk
	$(BIN)/python -m bench.origin
	$(BIN)/python -m bench.crowd

bench-latency: .venv/.tests
	tools/system-packages ffmpeg=ffmpeg chromium-headless-shell=chromium-headless-shell nginx=nginx $(MODULES)/ngx_rtmp_module.so=libnginx-mod-rtmp
	$(BIN)/python -m bench.latency
	$(BIN)/python -m bench.join
	$(BIN)/python -m bench.whip_latency

.venv/bin/pip:
	tools/system-packages --python-venv $(PYTHON)
	$(PYTHON) -m venv .venv

.venv/.runs: pyproject.toml constraints.txt browser/package-lock.json | .venv/bin/pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/.tests: pyproject.toml constraints.txt browser/package-lock.json | .venv/bin/pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch .venv/.runs $@

clean:
	rm -rf .venv build dist vitrine/origin/pages/vendor
