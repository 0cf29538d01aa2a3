"""A name, a seed, a folds file or two manifests become utterances and folds."""

import json
from dataclasses import replace

import pytest

from emoduet.errors import CorpusError, InputError
from emoduet.folds_file import FoldsHeader, folds_digest, write_folds
from emoduet.manifest import manifest_digest, write_manifest
from emoduet.protocols import NO_VALIDATION, PROTOCOLS
from emoduet.study import Division, read_study
from emoduet.types import Utterance

CLASSES = ("angry", "sad")


def utterances(prefix="a", sessions=3, labels=("angry", "sad")):
    return [
        Utterance(
            id=f"{prefix}{session}{label}", session=f"{prefix}S{session}", speaker=f"{prefix}{session}", label=label
        )
        for session in range(1, sessions + 1)
        for label in labels
    ]


@pytest.fixture
def manifest(tmp_path):
    """Three sessions, an angry and a sad utterance each; one of another label and one of none beside them."""
    strange = [Utterance(id="odd", session="aS1", label="fru"), Utterance(id="none", session="aS1")]
    write_manifest(tmp_path / "own.jsonl", [*utterances(), *strange])
    return tmp_path / "own.jsonl"


@pytest.fixture
def other(tmp_path):
    """The other corpus calls its classes W and T; N is neither."""
    write_manifest(tmp_path / "other.jsonl", utterances("b", 2, ("W", "T", "N")))
    (tmp_path / "map.toml").write_text('W = "angry"\nT = "sad"\nX = "happy"\n')
    return tmp_path / "other.jsonl"


def test_a_protocol_by_name(manifest):
    study = read_study(manifest, Division(), CLASSES)
    assert study.utterances == tuple(utterances())
    assert study.protocol is PROTOCOLS["loso"] and len(study.folds) == 3
    assert study.notes == (f"{manifest}: 2 of 8 utterances are of no class of the study, not used",)
    assert study.header == FoldsHeader(
        protocol="loso",
        protocol_summary=PROTOCOLS["loso"].summary,
        seed=0,
        manifest="own.jsonl",
        manifest_sha256=manifest_digest(manifest),
    )
    assert study.read_from == {}
    assert study.identity == {
        "protocol": "loso",
        "split_seed": 0,
        "no_validation": False,
        "folds_sha256": folds_digest(study.folds),
        "manifest_sha256": manifest_digest(manifest),
        "test_manifest_sha256": None,
        "test_label_map": None,
        "leaks_allowed": False,
        "leaking": False,
    }


def test_allowed_leaks_are_of_the_study_and_not_of_the_protocol(manifest):
    study = read_study(manifest, Division(allow_leaks=True), CLASSES)
    assert study.protocol is PROTOCOLS["loso"]
    assert study.leaks_allowed and study.identity["leaks_allowed"] is True and study.identity["leaking"] is False


def test_without_classes_every_labelled_utterance_is_of_the_study(manifest):
    study = read_study(manifest, Division())
    assert {one.label for one in study.utterances} == {"angry", "sad", "fru"}
    assert study.notes == (f"{manifest}: 1 of 8 utterances are of no class of the study, not used",)


def test_the_split_seed_reaches_the_draw(manifest):
    folds = {seed: read_study(manifest, Division("random", seed=seed), CLASSES).folds for seed in (None, 0, 1)}
    assert folds[None] == folds[0] != folds[1]


def test_no_validation_joins_it_to_training_and_says_so(manifest):
    study = read_study(manifest, Division(no_validation=True), CLASSES)
    assert [len(fold.train) for fold in study.folds] == [4, 4, 4]
    assert not any(fold.validation for fold in study.folds)
    assert NO_VALIDATION in study.protocol.summary and study.header.protocol_summary == study.protocol.summary
    assert study.header.no_validation and study.identity["no_validation"] is True


# Another corpus


def test_another_corpus_is_tested_through_a_label_map(manifest, other):
    label_map = other.with_name("map.toml")
    study = read_study(manifest, Division("cross-corpus", None, other, label_map), CLASSES)
    (fold,) = study.folds
    assert fold.test == ("b1W", "b1T", "b2W", "b2T")
    assert [one.label for one in study.utterances if one.id in fold.test] == ["angry", "sad", "angry", "sad"]
    assert study.notes[1:] == (f"{label_map}: 2 utterances map to no class, not used: N 2",)
    assert study.identity["test_manifest_sha256"] == manifest_digest(other)
    assert study.identity["test_label_map"] == {"W": "angry", "T": "sad", "X": "happy"}
    assert study.header.test_manifest == "other.jsonl"


def test_another_corpus_may_lack_a_class_and_have_others(manifest, tmp_path):
    write_manifest(tmp_path / "b.jsonl", utterances("b", 1, ("angry", "bored")))
    study = read_study(manifest, Division("cross-corpus", test_manifest=tmp_path / "b.jsonl"), CLASSES)
    assert study.folds[0].test == ("b1angry",)
    assert study.notes[1:] == (
        f"{tmp_path / 'b.jsonl'}: 1 of 2 utterances are of no class of the study, not used",
        f"{tmp_path / 'b.jsonl'}: no utterance is sad; the scores are over the other classes",
    )


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (CLASSES, r"other.jsonl: no utterance is angry or sad; its labels are N, T, W. Give a --test-label-map"),
        (None, r"bare.jsonl: no utterance has a label; its labels are None"),
    ],
)
def test_another_corpus_of_no_class(manifest, other, classes, message):
    bare = other.with_name("bare.jsonl")
    write_manifest(bare, [Utterance(id="bare")])
    with pytest.raises(CorpusError, match=message):
        read_study(manifest, Division("cross-corpus", test_manifest=other if classes else bare), classes)


def test_a_label_map_that_fits_nothing(manifest, other):
    (other.with_name("map.toml")).write_text('Z = "angry"')
    with pytest.raises(CorpusError, match=r"other.jsonl: no utterance is angry or sad; its labels are none"):
        read_study(manifest, Division("cross-corpus", None, other, other.with_name("map.toml")), CLASSES)


def test_the_same_corpus_twice(manifest, tmp_path):
    write_manifest(tmp_path / "again.jsonl", utterances()[2:4])
    with pytest.raises(InputError, match=r"2 ids stand both in .+own.jsonl and in .+again.jsonl, first a2angry"):
        read_study(manifest, Division("cross-corpus", test_manifest=tmp_path / "again.jsonl"), CLASSES)


def test_nothing_labelled(tmp_path):
    write_manifest(tmp_path / "m.jsonl", [Utterance(id="a")])
    with pytest.raises(CorpusError, match="m.jsonl: none of 1 utterances has a label; need labelled ones"):
        read_study(tmp_path / "m.jsonl", Division())


# A folds file


@pytest.fixture
def handed_on(manifest):
    """Random folds of seed 5, as another run wrote them."""
    study = read_study(manifest, Division("random", seed=5), CLASSES)
    write_folds(manifest.with_name("theirs.json"), study.folds, study.header)
    return str(manifest.with_name("theirs.json")), study


def test_folds_of_a_file_are_exactly_those(manifest, handed_on):
    path, theirs = handed_on
    study = read_study(manifest, Division(path), CLASSES)
    assert study.folds == theirs.folds
    assert study.identity == theirs.identity
    assert study.protocol is PROTOCOLS["random"]
    assert (study.header.protocol, study.header.seed) == ("random", 5)
    assert study.read_from["file"] == "theirs.json" and study.read_from["manifest"] == "own.jsonl"
    assert study.notes[1] == f"folds read from {path} (protocol random, seed 5, manifest own.jsonl)"


def test_folds_of_a_file_in_another_manifest_of_the_same_ids(manifest, handed_on):
    path, theirs = handed_on
    backwards = [*utterances()[::-1], Utterance(id="odd", label="fru"), Utterance(id="none", transcript="hm")]
    write_manifest(manifest, backwards)
    study = read_study(manifest, Division(path), CLASSES)
    assert [set(fold.test) for fold in study.folds] == [set(fold.test) for fold in theirs.folds]
    assert study.folds[0].train == theirs.folds[0].train[::-1]
    assert study.notes[-1] == f"{path}: made of another own.jsonl, which has the same ids as the manifest given here"


def test_a_file_is_not_believed_to_be_of_a_protocol_that_divides_otherwise(manifest, handed_on):
    path, theirs = handed_on
    write_folds(manifest.with_name("theirs.json"), theirs.folds, replace(theirs.header, protocol="lospo"))
    study = read_study(manifest, Division(path), CLASSES)
    assert (study.protocol.name, study.header.protocol) == ("folds of theirs.json", "folds of theirs.json")
    assert study.protocol.summary == "the folds of theirs.json" and not study.protocol.leaking
    assert "Whatever else the makers" in study.protocol.guards
    assert study.folds == theirs.folds
    assert "theirs.json says lospo, but lospo divides these utterances otherwise: nothing that" in study.notes[-1]


@pytest.mark.parametrize("claim", ["improvised", "cross-corpus"])
def test_nor_of_one_that_cannot_divide_these_utterances(manifest, handed_on, claim):
    path, theirs = handed_on
    write_folds(manifest.with_name("theirs.json"), theirs.folds, replace(theirs.header, protocol=claim))
    study = read_study(manifest, Division(path), CLASSES)
    assert study.protocol.name == "folds of theirs.json" and f"theirs.json says {claim}" in study.notes[-1]


@pytest.mark.parametrize("seed", [4, -1])
def test_nor_of_a_seed_that_draws_otherwise_or_not_at_all(manifest, handed_on, seed):
    path, theirs = handed_on
    write_folds(manifest.with_name("theirs.json"), theirs.folds, replace(theirs.header, seed=seed))
    assert read_study(manifest, Division(path), CLASSES).protocol.name == "folds of theirs.json"


def test_random_folds_of_more_labels_are_still_known_for_what_they_are(manifest):
    write_manifest(manifest, utterances(sessions=9, labels=("angry", "sad", "fru")))
    wider = read_study(manifest, Division("random", seed=5))
    path = manifest.with_name("wider.json")
    write_folds(path, wider.folds, wider.header)
    assert read_study(manifest, Division(str(path)), CLASSES).protocol is PROTOCOLS["random"]


def test_folds_of_two_corpora_are_handed_on(manifest, other):
    theirs = read_study(manifest, Division("cross-corpus", None, other, other.with_name("map.toml")), CLASSES)
    path = manifest.with_name("crossed.json")
    write_folds(path, theirs.folds, theirs.header)
    study = read_study(manifest, Division(str(path), None, other, other.with_name("map.toml")), CLASSES)
    assert study.protocol is PROTOCOLS["cross-corpus"]
    assert study.folds == theirs.folds and study.identity == theirs.identity


def test_folds_of_more_labels_are_cut_down_to_the_study(manifest):
    wider = read_study(manifest, Division("loso"))
    path = manifest.with_name("wider.json")
    write_folds(path, wider.folds, wider.header)
    study = read_study(manifest, Division(str(path)), CLASSES)
    assert study.folds == read_study(manifest, Division("loso"), CLASSES).folds
    assert study.notes[-1] == f"{path}: 1 utterances of its folds are of no class of the study, not used"


def test_folds_made_without_validation_are_used_so(manifest):
    theirs = read_study(manifest, Division(no_validation=True), CLASSES)
    path = manifest.with_name("without.json")
    write_folds(path, theirs.folds, theirs.header)
    study = read_study(manifest, Division(str(path)), CLASSES)
    assert study.identity == theirs.identity and study.folds == theirs.folds


def test_folds_by_hand_promise_nothing(manifest):
    path = manifest.with_name("mine.json")
    ids = [one.id for one in utterances()]
    path.write_text(json.dumps({"folds": [{"train": ids[2:], "validation": ids[1:2], "test": ids[:1]}]}))
    study = read_study(manifest, Division(str(path)), CLASSES)
    assert (study.protocol.name, study.protocol.summary) == ("mine", "the folds of mine.json")
    assert "Unknown" in study.protocol.does_not_guard and not study.protocol.leaking
    assert study.folds == study.protocol.make_folds(study.utterances, None)
    assert study.notes[1] == f"folds read from {path} (it does not say what made them)"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ({"test": ("a1angry", "zoe")}, r"theirs.json: fold 1: 1 of \d ids are not in the manifest, first zoe; were"),
        ({"train": ()}, r"fold 1 \(test share 1\): \d of 6 utterances stand in no part, first a\d.+another manifest\?"),
    ],
)
def test_folds_of_another_manifest(manifest, handed_on, spoil, message):
    path, theirs = handed_on
    first = replace(theirs.folds[0], **spoil)
    strange = {id: "?" for id in spoil.get("test", ()) if id not in first.reasons}
    first = replace(first, reasons={**first.reasons, **strange})
    write_folds(manifest.with_name("theirs.json"), (first,), theirs.header)
    with pytest.raises(InputError, match=message):
        read_study(manifest, Division(path), CLASSES)


def test_folds_with_an_utterance_in_two_parts(manifest, handed_on):
    path, theirs = handed_on
    doubled = replace(theirs.folds[0], test=(*theirs.folds[0].test, theirs.folds[0].train[0]))
    write_folds(manifest.with_name("theirs.json"), (doubled,), theirs.header)
    with pytest.raises(InputError, match=r"utterance a\w+ stands in its parts 2 times"):
        read_study(manifest, Division(path), CLASSES)


# What does not go together


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol": "odd"}, r"protocol 'odd' is unknown"),
        ({"test_manifest": "other"}, r"--test-manifest: loso divides one manifest; take --protocol cross-corpus"),
        ({"protocol": "cross-corpus"}, r"cross-corpus: no other corpus to test"),
        ({"test_label_map": "map"}, r"--test-label-map: there is no --test-manifest"),
        ({"protocol": "f.json", "seed": 0}, r"--split-seed: the folds of f.json are drawn already; leave the seed out"),
        ({"protocol": "paper", "no_validation": True}, r"--no-validation: paper has no validation part"),
        ({"protocol": "none.json"}, r"none.json: cannot be read"),
    ],
)
def test_options_that_do_not_go_together(manifest, other, options, message):
    files = {"other": other, "map": other.with_name("map.toml")}
    with pytest.raises(InputError, match=message):
        read_study(manifest, Division(**{key: files.get(value, value) for key, value in options.items()}), CLASSES)
