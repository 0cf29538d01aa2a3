"""`emoduet demo` from the outside, with a corpus and models made tiny: what it prints is what it wrote."""

import functools
import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from easy_corpus import small_recipe
from typer.testing import CliRunner, Result

from emoduet.cli import app
from emoduet.cli.demo import NOTICE, _print_alignment
from emoduet.config import Recipe
from emoduet.corpora.synthetic import write_corpus
from emoduet.explaining.types import Alignment
from emoduet.manifest import read_manifest

pytest.importorskip("espeakng_loader")


def one_small_epoch(name: str, overrides: Sequence[str] = ()) -> Recipe:
    return small_recipe(name, "training.epochs=1", *overrides)


def demo(out: Path) -> Result:
    """The demo on six short dialogues instead of a hundred."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emoduet.reproduction.read_recipe", one_small_epoch)
        patch.setattr("emoduet.demonstration.EXPLAINED", 12)
        patch.setattr("emoduet.demonstration.write_corpus", functools.partial(write_corpus, sessions=3, dialogues=2))
        return CliRunner().invoke(app, ["demo", "--out", str(out), "--workers", "1"])


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> tuple[Path, Result]:
    out = tmp_path_factory.mktemp("demo") / "out"
    return out, demo(out)


def test_it_ends_well_and_says_twice_what_its_numbers_mean(done):
    _, result = done
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == lines[-1] == NOTICE
    assert "synthetic" in NOTICE and "mean nothing about people" in NOTICE


def test_it_prints_both_tables_of_the_four_systems(done):
    text = " ".join(done[1].stdout.split())
    for title in ("Table 1: multimodal", "Table 2: audio only", "Table 2: text only"):
        assert text.count(title) == 1
    assert text.count("loso; 3 folds") == 4
    assert "not the paper's" in text


def test_it_leaves_a_report_tables_and_a_manifest(done):
    out, _ = done
    assert {"report.html", "tables.md", "tables.csv", "tables.json", "corpus.jsonl", "corpus"} <= {
        path.name for path in out.iterdir()
    }
    assert len(read_manifest(out / "corpus.jsonl")) > 30


def test_its_report_is_of_all_four_runs_with_the_papers_tables_and_the_utterance_it_shows(done):
    page = (done[0] / "report.html").read_text(encoding="utf-8")
    for name in ("paper", "paper-frozen", "audio-only", "text-only"):
        assert f"<code>demo-{name}-loso</code>" in page
    assert page.count('<span class="mark">synthetic corpus</span>') == 8  # in the headline, and by the groups
    for words in ("Table 1: multimodal", "Table 2: text only", "One utterance", "Which words met which moments"):
        assert words in page
    assert "Every number here is of a <strong>synthetic corpus</strong>" in page and "<script" not in page


def asked_for(result: Result) -> list[str]:
    """The words of the `emoduet predict` command that the demo printed."""
    return shlex.split(next(line for line in result.stdout.splitlines() if line.startswith("emoduet predict ")))


def test_the_command_it_shows_gives_the_answer_it_shows(done):
    out, result = done
    answer = json.loads(CliRunner().invoke(app, [*asked_for(result)[1:], "--json"]).stdout)
    for emotion, share in answer["probabilities"].items():
        assert f"  {emotion:8} {share:.3f} " in result.stdout
    assert result.stdout.count("<- labelled so") == 1


def test_the_utterance_it_shows_is_of_a_session_its_model_never_saw(done):
    out, result = done
    _, _, model, audio, *_ = asked_for(result)
    (shown,) = (utterance for utterance in read_manifest(out / "corpus.jsonl") if utterance.audio == audio)
    training = json.loads((Path(model) / "config.json").read_text())["training"]["sessions"]
    assert shown.session not in training["train"] + training["validation"]


def test_it_tells_in_lines_that_say_synthetic_what_explanations_find(done):
    lines = done[1].stdout.splitlines()
    asked = next(place for place, line in enumerate(lines) if line.startswith("Do explanations find the word"))
    found = [line for line in lines[asked + 1 :] if line.startswith("  synthetic truth, ")]
    assert len(found) == 3 and "attention, how much the telling word looks at when it is said" in found[2]
    for method in ("occlusion", "attention"):
        assert any(f"truth, {method}, words: how often the telling word scores highest" in line for line in found)
    conditions = lines[asked + 1 + len(found)]
    assert "3 of 3 folds, each model on its own test part" in conditions and "synthetic corpus" in conditions
    assert lines[asked + 2 + len(found)].endswith(" --method all")


def test_again_repeats_nothing_and_says_the_same(done):
    out, before = done
    again = demo(out)
    assert again.stdout == before.stdout
    assert "epoch" not in again.stderr and "epoch" in before.stderr


def test_words_and_moments_in_letters(capsys):
    moments = np.array([[0.8, 0.1, 0.1], [0.25, 0.25, 0.5]])
    _print_alignment(Alignment(("no,", "[sigh]"), np.array([0.0125, 0.0925, 0.1725]), moments, moments.T))
    assert capsys.readouterr().out.splitlines()[2:] == [
        "     no, |█▁▁| most at 0.01 s",
        "  [sigh] |▄▄█| most at 0.17 s",
    ]
