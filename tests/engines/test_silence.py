"""Intel's libraries report what they are used for unless their reporter is out of sight while they are imported."""

import sys
from types import ModuleType

import pytest

from emoduet.engines.silence import TELEMETRY, import_silently

REPORTING = f"""
try:
    import {TELEMETRY}
    reports = True
except ImportError:
    reports = False
"""


@pytest.fixture
def reporting(tmp_path, monkeypatch):
    """A library that reports where it can, and the reporter, which is there."""
    (tmp_path / "reporting_library.py").write_text(REPORTING, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, TELEMETRY, ModuleType(TELEMETRY))
    yield "reporting_library"
    sys.modules.pop("reporting_library", None)


def test_what_is_imported_silently_does_not_report(reporting):
    reporter = sys.modules[TELEMETRY]
    assert import_silently(reporting).reports is False
    assert sys.modules[TELEMETRY] is reporter


def test_what_the_program_imported_before_is_left_as_it_is(reporting):
    before = __import__(reporting)
    assert before.reports is True
    assert import_silently(reporting) is before


def test_nothing_stays_hidden_whether_or_not_the_import_succeeds(reporting, monkeypatch):
    monkeypatch.delitem(sys.modules, TELEMETRY)
    import_silently(reporting)
    assert TELEMETRY not in sys.modules
    with pytest.raises(ImportError, match="no_such_library"):
        import_silently("no_such_library")
    assert TELEMETRY not in sys.modules
