"""Runs to report on, invented once."""

from pathlib import Path

import pytest
from invented_runs import Invention, easy_manifest, invent_run

from emoduet.report import Contents, read_contents


@pytest.fixture(scope="session")
def manifest(tmp_path_factory) -> Path:
    return easy_manifest(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="session")
def folders(manifest) -> tuple[Path, ...]:
    """A run of two seeds that is right in 6 of 8, one in 4 of 8, and one with test data in the loop."""
    seen = "test data in the loop"
    return (
        invent_run(manifest.parent / "good", manifest, Invention(seeds=(0, 1))),
        invent_run(manifest.parent / "poor", manifest, Invention("demo-audio-only", wrong=(1, 3, 4, 6))),
        invent_run(manifest.parent / "seen", manifest, Invention("demo-paper", "paper", note=seen, temperature=1.0)),
    )


@pytest.fixture(scope="session")
def contents(folders) -> Contents:
    return read_contents(folders, "A & B")
