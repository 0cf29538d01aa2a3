# make demo: the paper's systems on a synthetic corpus, tables and report in demo/.   make test: the whole suite.
# PYTHON=python3.13 takes another interpreter, and makes .venv anew where it was another's.
PYTHON ?= $(if $(wildcard .venv/.complete-*),.venv/bin/python,python3)
BIN := .venv/bin
STAMP := .venv/.complete-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test install clean

demo: install
	$(BIN)/emoduet demo --out demo

test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --dist loadfile --cov --cov-report=term

install: $(STAMP)

# torch goes first: the pinned version keeps every later install from replacing it by another build.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "emoduet needs Python 3.11 to 3.13, this is %d.%d: run make PYTHON=python3.11" % v)'
	test -e $@ || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[asr,baselines,demo,engines,explain,media,stress,test]'
	touch $@

clean:
	rm -rf .venv demo
