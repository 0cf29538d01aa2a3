"""Predictions made elsewhere, by pencil: which rows are scored, under which fold, and what is said of the others."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from easy_corpus import CLASSES, write_easy_corpus
from small_runs import read_json

from emoduet.assessment import TWINNED, UNCOMPARED
from emoduet.errors import CorpusError, InputError
from emoduet.folds_file import FoldsHeader, write_folds
from emoduet.manifest import read_manifest, write_manifest
from emoduet.protocols import FoldOptions, protocol_named
from emoduet.runs import ELSEWHERE, NO_FOLDS, assess_run, read_run
from emoduet.scored_folder import write_scored
from emoduet.scoring import Scoring, score_predictions
from emoduet.study import Division
from emoduet.types import Utterance

LOSO = Division("loso")
WRONG = {"angry": "happy", "happy": "angry", "neutral": "sad", "sad": "neutral"}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """Sessions S1 to S3 of eight turns s1t0 to s3t7, the labels in turn; each line is said in every session."""
    return write_easy_corpus(tmp_path_factory.mktemp("scoring"))


def rows(*wrong, lacking=()):
    """Every utterance's true label, but for those named."""
    found = [(f"s{session}t{turn}", CLASSES[turn % 4]) for session in (1, 2, 3) for turn in range(8)]
    return [(id, WRONG[label] if id in wrong else label) for id, label in found if id not in lacking]


def table(path: Path, rows, header="id,label"):
    text = "".join(",".join(map(str, row)) + "\n" for row in rows)
    path.write_text(f"{header}\n{text}", encoding="utf-8")
    return path


@pytest.fixture
def scored(manifest, tmp_path):
    def score(rows, header="id,label", **options):
        return score_predictions(Scoring(table(tmp_path / "p.csv", rows, header), manifest, **options))

    return score


# Without folds


def test_without_folds_nothing_is_known_of_the_training(scored):
    """Two of the six angry ones are wrong: UA (4/6 + 1 + 1 + 1) / 4, WA 22/24."""
    found = scored(rows("s1t0", "s2t4"))
    summary = found.assessment.summary
    assert summary.pooled_ua.mean == pytest.approx((4 / 6 + 3) / 4)
    assert summary.pooled_wa.mean == pytest.approx(22 / 24)
    assert found.marks == (NO_FOLDS,)
    assert (found.audit, found.study, found.assessment.baselines, found.notes) == (None, None, (), ())
    assert found.assessment.calibration is None
    assert found.classes == CLASSES


def test_probabilities_are_calibrated_and_labels_are_not(scored):
    found = scored([(id, 0.7, 0.1, 0.1, 0.1) for id, _ in rows()], ",".join(("id", *CLASSES)))
    assert found.assessment.calibration.ece == pytest.approx(0.7 - 0.25)
    assert not found.only_labels


def test_fold_and_seed_columns_hold_without_folds(scored):
    found = scored([(id, label, 1 + (id < "s2"), 3) for id, label in rows()], "id,label,fold,seed")
    assert {key: len(answers.utterances) for key, answers in found.answers.items()} == {(1, 3): 16, (2, 3): 8}


def test_folds_may_count_from_zero(scored):
    found = scored([(id, label, int(id[1]) - 1) for id, label in rows()], "id,label,fold")
    assert {key: len(answers.utterances) for key, answers in found.answers.items()} == {(0, 0): 8, (1, 0): 8, (2, 0): 8}


@pytest.mark.parametrize("division", [None, LOSO])
def test_an_empty_fold_cell_replaces_no_other_answer(scored, division):
    message = r"p.csv:3: id: got 's1t0' in fold 1 with seed 0, as at .+p.csv:2; want each once"
    with pytest.raises(CorpusError, match=message):
        scored([("s1t0", "angry", 1), ("s1t0", "sad", "")], "id,label,fold", division=division)
    with pytest.raises(CorpusError, match=message):
        scored([("s1t0", "angry", ""), ("s1t0", "sad", 1)], "id,label,fold", division=division)


# Under a protocol


def test_under_a_protocol_the_audit_and_the_baselines_stand_beside(scored):
    """Every line is in training; speakers S1F.. are new in each fold, so their lookup is the majority's."""
    found = scored(rows("s1t0"), division=LOSO)
    assert found.marks == (ELSEWHERE,)
    assert {key: len(answers.utterances) for key, answers in found.answers.items()} == {(1, 0): 8, (2, 0): 8, (3, 0): 8}
    assert found.assessment.summary.fold_mean_wa.mean == pytest.approx((7 / 8 + 1 + 1) / 3)
    assert [row.value for row in found.assessment.baselines] == ["majority", "speaker", "bag of words"]
    assert found.assessment.baselines[0].ua == 0.25 and found.assessment.baselines[2].ua == 1
    assert [row.value for row in found.assessment.twins.rows] == [TWINNED, UNCOMPARED]
    assert found.audit.protocol == "loso" and not found.audit.hard_leaks


def test_a_folds_file_does_as_well(scored, manifest, tmp_path):
    utterances = read_manifest(manifest)
    folds = protocol_named("loso").make_folds(utterances, FoldOptions())
    write_folds(tmp_path / "mine.json", folds[:2], FoldsHeader())
    found = scored(rows(), division=Division(str(tmp_path / "mine.json")))
    assert (found.study.protocol.name, list(found.answers)) == ("mine", [(1, 0), (2, 0)])
    assert "8 predictions are of utterances that no fold tests, not scored" in found.notes


def test_marks_of_the_protocol_are_told(scored):
    assert scored(rows("s1t0"), division=Division("paper")).marks == ("test data in the loop", ELSEWHERE)
    assert scored(rows("s1t0"), division=Division("random")).marks == ("LEAKING", ELSEWHERE)


def test_leaks_that_the_audit_finds_are_marked_whatever_the_protocol(manifest, tmp_path):
    """One speaker says everything, so every fold of `loso` has tested speakers in training."""
    write_manifest(tmp_path / "one.jsonl", [replace(one, speaker="A") for one in read_manifest(manifest)])
    path = table(tmp_path / "p.csv", rows())
    found = score_predictions(Scoring(path, tmp_path / "one.jsonl", division=LOSO))
    assert found.audit.hard_leaks and found.marks == ("LEAKING", ELSEWHERE)


def test_baselines_answer_the_same_utterances(scored):
    """Fold 3 has no prediction at all, and fold 1 lacks one."""
    few = [row for row in rows("s1t1", lacking=("s1t0",)) if row[0] < "s3"]
    found = scored(few, division=LOSO)
    assert {row.num_utterances for row in found.assessment.baselines} == {15}
    assert found.assessment.summary.num_utterances == 15


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("s1t0,angry,2", r"p.csv:2: fold: got 2, which does not test s1t0; folds 1 do"),
        ("s1t0,angry,9", r"p.csv:2: fold: got 9, which does not test s1t0; folds 1 do"),
    ],
)
def test_a_fold_column_must_agree_with_the_folds(scored, row, message):
    with pytest.raises(CorpusError, match=message):
        scored([row.split(",")], "id,label,fold", division=LOSO)


@pytest.fixture
def twice(manifest, tmp_path):
    """Two folds that test the same session, and one id that neither does."""
    folds = protocol_named("loso").make_folds(read_manifest(manifest), FoldOptions())[:1]
    write_folds(tmp_path / "twice.json", [folds[0], folds[0]], FoldsHeader())
    text = json.loads((tmp_path / "twice.json").read_text())
    text["folds"][1]["number"] = 2
    (tmp_path / "twice.json").write_text(json.dumps(text))
    return Division(str(tmp_path / "twice.json"))


def test_a_folds_file_may_count_from_zero(scored, twice):
    path = Path(twice.protocol)
    text = json.loads(path.read_text())
    text["folds"][0]["number"], text["folds"][1]["number"] = 1, 0
    path.write_text(json.dumps(text))
    both = [(f"s1t{turn}", CLASSES[turn % 4], fold) for turn in range(8) for fold in (0, 1)]
    found = scored(both, "id,label,fold", division=twice)
    assert {key: len(answers.utterances) for key, answers in found.answers.items()} == {(0, 0): 8, (1, 0): 8}
    assert [one.num_utterances for one in found.assessment.baselines] == [8] * 3


def test_an_utterance_that_two_folds_test(scored, twice):
    with pytest.raises(CorpusError, match=r"p.csv:2: s1t0 is tested by folds 1, 2; want a fold column"):
        scored([("s1t0", "angry")], division=twice)
    found = scored([("s1t0", "angry", 2), ("s1t1", "angry", 1)], "id,label,fold", division=twice)
    assert {key: [one.id for one in answers.utterances] for key, answers in found.answers.items()} == {
        (1, 0): ["s1t1"],
        (2, 0): ["s1t0"],
    }
    with pytest.raises(CorpusError, match="fold: got 1, which does not test s2t0; no fold does"):
        scored([("s2t0", "angry", 1)], "id,label,fold", division=twice)


# What is not scored


def test_missing_predictions_are_told(scored):
    [note] = scored(rows("s1t1", lacking=("s1t0", "s2t3")), division=LOSO).notes
    assert note.startswith("2 predictions are missing, first s1t0 (fold 1, seed 0): the scores are of the other 22;")
    [note] = scored(rows("s1t1", lacking=("s1t0",))).notes
    assert note.startswith("1 predictions are missing, first s1t0 (seed 0): the scores are of the other 23;")


def test_strictly_nothing_may_be_missing(scored):
    lacking = [f"s1t{turn}" for turn in range(8)]
    message = r"p.csv: 8 predictions are missing\n  s1t0 \(fold 1, seed 0\)\n(.*\n){7}Add them, or leave out --strict"
    with pytest.raises(InputError, match=message):
        scored(rows(lacking=lacking), division=LOSO, strict=True)
    assert scored(rows("s1t0"), division=LOSO, strict=True).notes == ()


def test_each_seed_must_be_whole(scored):
    both = [(id, label, seed) for id, label in rows("s1t0") for seed in (0, 1) if (id, seed) != ("s2t0", 1)]
    [note] = scored(both, "id,label,seed", division=LOSO).notes
    assert "1 predictions are missing, first s2t0 (fold 2, seed 1)" in note


def test_utterances_outside_the_classes_are_told(scored):
    """Half of the corpus is neutral or sad, and all of it is said to be angry: one of two classes, so UA 1/2."""
    for division in (None, LOSO):
        found = scored([(id, "angry") for id, _ in rows()], classes=("angry", "happy"), division=division)
        assert (found.classes, found.assessment.summary.pooled_ua.mean) == (("angry", "happy"), 0.5)
        assert found.notes[-1] == "12 predictions are of utterances outside the classes, not scored"


def test_a_flawless_table_is_doubted(scored):
    [note] = scored(rows()).notes
    assert note == "not one of 24 predictions is wrong: does the table hold the truth by accident?"
    assert scored(rows()[:8], division=LOSO).notes[0].startswith("16 predictions are missing")


def test_a_label_map_is_read(scored, tmp_path):
    (tmp_path / "map.toml").write_text("".join(f'{name[:3]} = "{name}"\n' for name in CLASSES))
    found = scored([(id, label[:3]) for id, label in rows("s1t0")], label_map=tmp_path / "map.toml")
    assert found.assessment.summary.pooled_wa.mean == pytest.approx(23 / 24)


def test_no_prediction_of_a_tested_utterance(tmp_path):
    write_manifest(tmp_path / "m.jsonl", [Utterance(id="a", label="sad"), Utterance(id="b")])
    with pytest.raises(InputError, match="p.csv: none of its 1 predictions is of a tested utterance; need some"):
        score_predictions(Scoring(table(tmp_path / "p.csv", [("b", "sad")]), tmp_path / "m.jsonl"))
    write_manifest(tmp_path / "m.jsonl", [Utterance(id="b")])
    with pytest.raises(CorpusError, match="m.jsonl: none of 1 utterances has a label; need labelled ones"):
        score_predictions(Scoring(tmp_path / "p.csv", tmp_path / "m.jsonl"))


def test_classes_that_the_manifest_does_not_have(scored):
    with pytest.raises(CorpusError, match="no utterance is labelled joy; its labels are angry, happy, neutral, sad"):
        scored(rows(), classes=("angry", "joy"))


# As a folder


@pytest.mark.parametrize("division", [LOSO, None])
def test_a_scored_folder_is_a_run(scored, tmp_path, division):
    found = scored([(id, label, 0) for id, label in rows("s1t0")], "id,label,seed", division=division)
    write_scored(tmp_path / "theirs", found)
    run = read_run(tmp_path / "theirs")
    assert (run.protocol, run.classes, run.only_labels) == (division and "loso", CLASSES, True)
    assert run.marks == found.marks
    assert assess_run(run).summary == found.assessment.summary
    assert assess_run(run).baselines == found.assessment.baselines
    assert assess_run(run).twins == found.assessment.twins
    assert read_json(tmp_path / "theirs" / "summary.json")["marks"] == list(found.marks)
    assert not any(one.transcript or one.audio for one in run.utterances)


def test_a_folder_in_use_is_left_alone(scored, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="theirs: is there already and not empty; give another --out, or delete it"):
        write_scored(tmp_path / "theirs", scored(rows("s1t0")))
    assert (tmp_path / "theirs" / "notes.txt").read_text() == "mine"


def test_json_form(scored):
    values = json.loads(json.dumps(scored(rows("s1t0"), division=LOSO).as_json(), allow_nan=False))
    assert (values["protocol"], values["marks"], values["only_labels"]) == ("loso", [ELSEWHERE], True)
    assert values["audit"]["protocol"] == "loso"
    assert values["summary"]["num_utterances"] == 24
    bare = scored(rows("s1t0")).as_json()
    assert (bare["protocol"], bare["audit"]) == (None, None)
