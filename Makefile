# make demo: the paper's systems on a synthetic corpus, tables and report in demo/.   make test: the whole suite.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test install clean

demo: install
	$(BIN)/emoduet demo --out demo

test: install
	$(BIN)/python -m pytest --cov --cov-report=term

install: .venv/.complete

# torch goes first: the pinned version keeps every later install from replacing it by another build.
.venv/.complete: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "emoduet needs Python 3.11 to 3.13, this is %d.%d: run make PYTHON=python3.11" % v)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[demo,media,test]'
	touch $@

clean:
	rm -rf .venv demo
