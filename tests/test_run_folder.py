"""A run's folder whose account cannot be read is told, not overwritten."""

import pytest

from emoduet.errors import InputError
from emoduet.run_folder import write_or_compare


def test_a_damaged_account_is_told_and_kept(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match=r"run\.json: not readable as JSON .*; give another --out, or delete it"):
        write_or_compare(tmp_path, {"seed": 0}, {})
    assert (tmp_path / "run.json").read_text() == "{"


def test_what_is_told_beside_the_identity_is_not_compared(tmp_path):
    write_or_compare(tmp_path, {"seed": 0}, {"versions": {"torch": "1"}})
    write_or_compare(tmp_path, {"seed": 0}, {"versions": {"torch": "2"}})
    with pytest.raises(InputError, match="holds another run: seed is 0, not 1"):
        write_or_compare(tmp_path, {"seed": 1}, {})
