"""What stands beside a run's scores: written once, without a word or a sound, and in time to stop a leaking run."""

import json
from dataclasses import replace

import pytest
from easy_corpus import CLASSES, easy_utterances
from small_runs import CPU, read_json, small_experiment

from emoduet.errors import InputError
from emoduet.evidence import audited, scored_baselines, write_utterances
from emoduet.experiment import run_experiment
from emoduet.findings import is_leaking
from emoduet.manifest import read_manifest, write_manifest
from emoduet.protocols import FoldOptions, protocol_named
from emoduet.runs import assess_run, read_run
from emoduet.table_lines import conditions
from emoduet.types import Utterance


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return easy_utterances(tmp_path_factory.mktemp("easy"), extra={"synthetic": True, "alignment": "secret"})


def folds_of(utterances, protocol="loso"):
    return protocol_named(protocol).make_folds(utterances, FoldOptions())


def leaking(utterances):
    """One dialogue is cut in two, by sessions."""
    return [replace(one, dialogue="cut") if one.dialogue in ("S1d0", "S2d0") else one for one in utterances]


def test_the_audit_is_written_and_found_again(utterances, tmp_path):
    protocol, folds = protocol_named("loso"), folds_of(utterances)
    first = audited(tmp_path, utterances, folds, protocol)
    assert first["num_hard_leaks"] == 0 and len(first["folds"]) == 3
    assert read_json(tmp_path / "audit.json") == first
    (tmp_path / "audit.json").write_text(json.dumps({"as": "it was"}))
    assert audited(tmp_path, utterances, folds, protocol) == first, "without run.json it may be of anything"
    (tmp_path / "audit.json").write_text(json.dumps({"as": "it was"}))
    (tmp_path / "run.json").write_text("{}")
    assert audited(tmp_path, utterances, folds, protocol) == {"as": "it was"}


def test_a_leak_stops_before_anything_is_written(utterances, tmp_path):
    with pytest.raises(InputError, match="share dialogue with train .*--allow-leaks"):
        audited(tmp_path, leaking(utterances), folds_of(leaking(utterances)), protocol_named("loso"))
    assert not (tmp_path / "audit.json").exists()


def test_a_leak_stops_a_run_unless_it_is_allowed_and_marked(utterances, tmp_path):
    write_manifest(tmp_path / "cut.jsonl", leaking(utterances))
    asked = small_experiment(tmp_path / "cut.jsonl", tmp_path / "run")
    with pytest.raises(InputError, match="share dialogue with"):
        run_experiment(asked)
    assert [path.name for path in (tmp_path / "run").iterdir() if path.name != ".lock"] == []
    outcome = run_experiment(replace(asked, out=tmp_path / "allowed", allow_leaks=True, machine=CPU))
    assert is_leaking(outcome.audit) and not outcome.protocol.leaking and "LEAKING" not in outcome.protocol.summary
    assert outcome.audit["num_hard_leaks"] > 0 and "LEAKING" in conditions(outcome)
    assert any("which was allowed for this run" in sentence for sentence in outcome.audit["sentences"])
    assert not any("nature" in sentence for sentence in outcome.audit["sentences"])
    assert read_run(tmp_path / "allowed").marks == ("LEAKING", "synthetic corpus")
    assert read_json(tmp_path / "allowed" / "fold1-seed0" / "metrics.json")["leaking"] is True
    for name in (
        "summary.json",
        "fold1-seed0/predictions.jsonl",
        "fold1-seed0/history.csv",
        "fold1-seed0/metrics.json",
    ):
        assert "leaking" in (tmp_path / "allowed" / name).read_text().lower(), name
    with pytest.raises(InputError, match="holds another run: leaks_allowed is True, not False"):
        run_experiment(replace(asked, out=tmp_path / "allowed"))


def test_leaks_that_are_allowed_and_not_found_mark_nothing(utterances, tmp_path):
    write_manifest(tmp_path / "clean.jsonl", utterances)
    asked = small_experiment(tmp_path / "clean.jsonl", tmp_path / "run", folds=(1,), allow_leaks=True)
    outcome = run_experiment(asked)
    assert not is_leaking(outcome.audit) and "LEAKING" not in conditions(outcome)
    assert read_json(tmp_path / "run" / "run.json")["leaks_allowed"] is True
    assert read_json(tmp_path / "run" / "fold1-seed0" / "metrics.json")["leaking"] is False
    assert read_run(tmp_path / "run").marks == ("synthetic corpus",)


def test_utterances_are_kept_without_sound_and_words(utterances, tmp_path):
    write_utterances(tmp_path, utterances)
    kept = read_manifest(tmp_path / "utterances.jsonl")
    first = Utterance(
        id="s1t0",
        label="angry",
        session="S1",
        speaker="S1F",
        dialogue="S1d0",
        extra={"duration": 0.25, "num_words": 3, "synthetic": True},
    )
    assert kept[0] == first
    assert all((one.audio, one.transcript) == (None, None) for one in kept)
    assert "secret" not in (tmp_path / "utterances.jsonl").read_text()


@pytest.mark.parametrize(
    ("changes", "extra"),
    [
        ({"start": 0.1, "end": 0.2}, {"duration": 0.1}),
        ({"start": 0.1}, {"duration": 0.15}),
        ({"end": 0.2}, {"duration": 0.2}),
        ({"audio": None}, {}),
        ({"audio": "lost.wav"}, {}),
        ({"audio": None, "extra": {"corpus": "MELD"}}, {"corpus": "MELD"}),
        ({"audio": None, "extra": {"age": 30, "accent": None, "home": "Leith"}}, {"age": 30}),
    ],
)
def test_durations_as_far_as_they_can_be_known(utterances, tmp_path, changes, extra):
    write_utterances(tmp_path, [replace(utterances[0], **{"transcript": None, "extra": {}, **changes})])
    assert read_manifest(tmp_path / "utterances.jsonl")[0].extra == pytest.approx(extra)


def test_a_run_is_broken_down_as_its_folder_is(utterances, tmp_path):
    """By duration, too, which only the sound files tell."""
    write_manifest(tmp_path / "easy.jsonl", utterances)
    run_experiment(small_experiment(tmp_path / "easy.jsonl", tmp_path / "run"))
    kept = read_json(tmp_path / "run" / "assessment.json")
    assert kept == json.loads(json.dumps(assess_run(read_run(tmp_path / "run")).as_json()))
    assert {"speaker", "duration", "number of words"} <= {one["name"] for one in kept["breakdowns"]}


def test_utterances_are_written_once(utterances, tmp_path):
    write_utterances(tmp_path, utterances[:2])
    write_utterances(tmp_path, utterances)
    assert len(read_manifest(tmp_path / "utterances.jsonl")) == 2


def test_baselines_are_scored_on_the_folds_that_are_asked_for(utterances, tmp_path):
    rows = scored_baselines(tmp_path, utterances, folds_of(utterances)[:1], CLASSES)
    assert {row.value: row.num_utterances for row in rows} == {"majority": 8, "speaker": 8, "bag of words": 8}
    assert next(row.ua for row in rows if row.value == "majority") == 0.25
    assert len(read_json(tmp_path / "baselines.json")) == 3
