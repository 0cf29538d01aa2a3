"""Small stores, quickly: nothing is pressed through to the disk, which takes longer than all else."""

import os

import pytest


@pytest.fixture(autouse=True)
def unhurried_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a power cut would lose is no matter here."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
