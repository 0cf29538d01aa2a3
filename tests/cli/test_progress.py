"""Bars on a terminal, lines elsewhere."""

import pytest
from rich.console import Console

from emoduet.cli import progress
from emoduet.cli.door import counting_bar
from emoduet.cli.progress import fold_bars, training_bar
from emoduet.fold_run import Filling, FoldProgress
from emoduet.history import Step


def step(epoch: int, done: int) -> Step:
    return Step(epoch=epoch, epochs=2, done=done, total=10, loss=1.25, ua=0.5)


@pytest.fixture
def terminal(monkeypatch) -> Console:
    console = Console(record=True, force_terminal=True, width=120, stderr=True)
    monkeypatch.setattr(progress, "notes", lambda: console)
    monkeypatch.setattr("emoduet.cli.door.notes", lambda: console)
    return console


def test_without_a_terminal_there_is_a_line_an_epoch(capsys):
    with training_bar() as show:
        show("mine", step(1, 5))
        show("mine", step(1, 10))
        show("mine", step(2, 10))
    assert capsys.readouterr() == (
        "",
        "mine: epoch 1/2  training loss 1.250  UA 50.0\nmine: epoch 2/2  training loss 1.250  UA 50.0\n",
    )


def test_folds_are_named(capsys):
    with fold_bars() as show:
        show(FoldProgress("paper", "loso", 3, 1, step(2, 10)))
    assert capsys.readouterr().err.startswith("paper loso fold 3 seed 1: epoch 2/2")


def test_on_a_terminal_every_fold_has_a_bar_until_it_is_done(terminal):
    with fold_bars() as show:
        show(FoldProgress("paper", "loso", 1, 0, step(1, 10)))
        show(FoldProgress("paper", "loso", 2, 0, step(2, 10)))
    text = terminal.export_text()
    assert "paper loso fold 1 seed 0" in text and "epoch 1/2  training loss 1.250  UA 50.0" in text


def test_on_a_terminal_the_filling_of_a_store_has_a_bar_of_its_own(terminal):
    with fold_bars() as show:
        show(Filling("paper", 3, 10))
        show(FoldProgress("paper", "loso", 1, 0, step(1, 5)))
    lines = terminal.export_text().splitlines()
    assert any(line.startswith("paper features") for line in lines)
    assert any(line.startswith("paper loso fold 1 seed 0") for line in lines)


def test_the_filling_of_a_store_is_silent_elsewhere(capsys):
    with fold_bars() as show:
        show(Filling("paper", 3, 10))
        show(Filling("paper", 10, 10))
    assert capsys.readouterr() == ("", "")


def test_a_counting_bar_is_for_terminals_only(terminal):
    with counting_bar("dialogues") as show:
        show(3, 8)
    assert "dialogues" in terminal.export_text()


def test_a_counting_bar_is_silent_elsewhere(capsys):
    with counting_bar("dialogues") as show:
        show(3, 8)
    assert capsys.readouterr() == ("", "")
