"""The list of planted faults does not rot: every fault still fits its file, and names tests that exist."""

import ast
import tomllib
from dataclasses import replace

import pytest
from plant import PACKAGE, TESTS, main, read_faults

FAULTS = read_faults()


def test_the_list_is_long_and_names_each_fault_once():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 30


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_fits_its_file_and_names_tests(fault):
    source = (PACKAGE / fault.file).read_text(encoding="utf-8")
    planted = fault.planted(source)
    assert planted != source
    if fault.file.endswith(".py"):
        ast.parse(planted)
    else:
        tomllib.loads(planted)
    assert fault.tests and all((TESTS / test).is_file() for test in fault.tests)


def test_a_fault_that_no_longer_fits_is_named():
    stale = replace(FAULTS[0], name="stale", old="no such line")
    with pytest.raises(ValueError, match="stale: 'no such line' stands 0 times in"):
        stale.planted((PACKAGE / stale.file).read_text(encoding="utf-8"))


def test_the_runner_sees_a_fault_and_a_change_that_is_none(monkeypatch, capsys):
    labels = replace(FAULTS[0], file="labels.py", tests=("test_labels.py",))
    harmless = replace(labels, name="harmless", old="fewer than two classes", new="too few classes")
    real = replace(labels, name="real", old='"hap": "happy", ', new="")
    monkeypatch.setattr("plant.read_faults", lambda: [harmless, real])
    assert main("real") == 0
    assert main() == 1
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "1 of 1 faults turn a test red",
        "1 of 2 faults turn a test red",
        "UNSEEN  harmless",
        "red     real",
        "red     real",
    ]
