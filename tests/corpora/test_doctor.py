"""The doctor: complete corpora pass, and each known way to be wrong is named."""

from collections import Counter
from dataclasses import replace
from itertools import chain, cycle, repeat

import pytest

from emoduet.corpora.doctor import Difference, Durations, examine
from emoduet.labels import PAPER_LABELS
from emoduet.types import Utterance

# session: angry, happy, excited, neutral, sad; then the women's angry, happy with excited, neutral, sad
SESSIONS = {
    "Ses01": ((229, 135, 143, 384, 194), (147, 132, 171, 78)),
    "Ses02": ((137, 117, 210, 362, 197), (67, 166, 135, 113)),
    "Ses03": ((240, 135, 151, 320, 305), (92, 128, 130, 172)),
    "Ses04": ((327, 65, 238, 258, 143), (205, 185, 76, 62)),
    "Ses05": ((170, 143, 299, 384, 245), (78, 159, 221, 132)),
}
SCRIPTED = {"ang": 814, "neu": 609, "sad": 476, "exc": 378, "hap": 311}
SCRIPTS = {"script01": 981, "script02": 751, "script03": 856}
IMPROS = {"impro01": 126, "impro02": 277, "impro03": 481, "impro04": 313,
          "impro05": 403, "impro06": 431, "impro07": 585, "impro08": 327}  # fmt: skip
RECORDED_WITH_WOMAN = {"Ses01": 507, "Ses02": 505, "Ses03": 536, "Ses04": 553, "Ses05": 644}


def spread(sizes: dict[str, int]) -> chain[str]:
    return chain.from_iterable(repeat(name, size) for name, size in sizes.items())


@pytest.fixture(scope="module")
def four_classes() -> list[Utterance]:
    """5,531 turns with every published size, and nothing else in common with the real ones."""
    utterances, scripted = [], Counter(SCRIPTED)
    scenes = {True: spread(SCRIPTS), False: spread(IMPROS)}
    for session, (sizes, women) in SESSIONS.items():
        left = Counter(dict(zip(("angry", "happy", "neutral", "sad"), women, strict=True)))
        categories = spread(dict(zip(("ang", "hap", "exc", "neu", "sad"), sizes, strict=True)))
        for number, category in enumerate(categories):
            label = PAPER_LABELS.mapping[category]
            sex = "F" if left[label] > 0 else "M"
            left[label] -= 1
            from_script = scripted[category] > 0
            scripted[category] -= 1
            scene = next(scenes[from_script])
            markers = "F" if number < RECORDED_WITH_WOMAN[session] else "M"
            utterances.append(
                Utterance(id=f"{session}{markers}_{scene}_{sex}{number:03d}", transcript="Hi.", label=label,
                          session=session, scenario=scene, scripted=from_script, speaker=session + sex, sex=sex,
                          extra={"category": category, "dialogue_start": 1.0, "dialogue_end": 3.0})
            )  # fmt: skip
    return utterances


@pytest.fixture(scope="module")
def all_turns() -> list[Utterance]:
    """10,039 turns with the published sizes of the whole corpus."""
    sizes = {"neu": 1708, "fru": 1849, "xxx": 2507, "ang": 1103, "sad": 1084, "exc": 1041,
             "hap": 595, "sur": 107, "fea": 40, "dis": 2, "oth": 3}  # fmt: skip
    recordings = spread({"Ses01F": 2000, "Ses02M": 2000, "Ses03F": 2000, "Ses04F": 871, "Ses04M": 998, "Ses05F": 2170})
    kinds = spread({"scripted": 5255, "improvised": 4784})
    sexes = spread({"M": 5098, "F": 4941})
    rows = zip(spread(sizes), recordings, kinds, sexes, strict=True)
    return [
        Utterance(id=f"{recording}_impro01_{sex}{number}", transcript="Hi.", label=label, session=recording[:5],
                  scripted=kind == "scripted", speaker=recording[:5] + sex, sex=sex)
        for number, (label, recording, kind, sex) in enumerate(rows)
    ]  # fmt: skip


def test_the_four_class_set_holds(four_classes):
    found = examine(four_classes)
    assert (found.total, found.healthy, found.differences, found.causes) == (5531, True, [], [])
    assert found.compared_with == "the four classes, excited counted as happy"
    assert found.tables["session"]["Ses05"] == {"angry": 170, "happy": 442, "neutral": 384, "sad": 245}
    assert found.tables["speaker"]["Ses04F"] == {"angry": 205, "happy": 185, "neutral": 76, "sad": 62}
    assert found.tables["kind"]["scripted"] == {"angry": 814, "happy": 689, "neutral": 609, "sad": 476}
    assert found.durations == Durations(5531, 11062.0, 2.0, 2.0, 2.0, 2.0)


def test_the_whole_corpus_holds(all_turns):
    found = examine(all_turns)
    assert (found.total, found.healthy, found.compared_with) == (10039, True, "all labelled turns")
    assert found.durations is None


def test_one_turn_with_another_label_is_seen(four_classes):
    wrong = [replace(four_classes[0], label="sad"), *four_classes[1:]]
    found = examine(wrong)
    assert Difference("class: angry", 1102, 1103) in found.differences
    assert Difference("speaker x class: Ses01F sad", 79, 78) in found.differences
    assert found.causes == ["no known cause; build the manifest again and read what it skipped"]


@pytest.mark.parametrize(
    ("kept", "total", "cause"),
    [
        (lambda n, u: u.extra["category"] != "exc", 4490, "4,490 turns: the excited turns were dropped"),
        (lambda n, u: u.scripted, 2588, "2,588 turns: half the corpus is lost: only the scripted dialogues"),
        (lambda n, u: not u.scripted, 2943, "2,943 turns: only the improvised dialogues were read"),
        (lambda n, u: n >= 32, 5499, "5,499 turns: a subset that circulates with prepared features"),
        (lambda n, u: n < 4453, 4453, "4,453 turns: the subset of the CMU Multimodal SDK"),
        (lambda n, u: u.session != "Ses03", 4380, "no turn of Ses03: was the whole release copied"),
        (lambda n, u: u.label != "sad", 4447, "no turn of the class sad: look at the label map"),
        (lambda n, u: n % 8 == 0, 692, "less than half of IEMOCAP: is it IEMOCAP at all? A synthetic corpus"),
        (lambda n, u: u.scripted and n, 2587, "every turn is scripted: the other half of the corpus is absent"),
    ],
)
def test_a_wrong_size_and_its_cause(four_classes, kept, total, cause):
    found = examine([u for n, u in enumerate(four_classes) if kept(n, u)])
    assert found.differences[0] == Difference("all", total, 5531)
    assert any(line.startswith(cause) for line in found.causes), found.causes
    assert not found.healthy


def test_turns_too_many(four_classes):
    found = examine([*four_classes, replace(four_classes[0], id="Ses01F_impro01_F9999")])
    assert found.causes == ["turns beyond the published number: 1; are XX turns or copied files among them?"]


def test_excited_dropped_names_the_category(four_classes):
    found = examine([u for u in four_classes if u.extra["category"] != "exc"])
    assert Difference("category: exc", 0, 1041) in found.differences
    assert Difference("session x category: Ses02 exc", 0, 210) in found.differences


def test_categories_are_not_asked_of_a_manifest_without_them(four_classes):
    assert examine([replace(u, extra={}) for u in four_classes]).healthy


def test_speakers_by_prefix(four_classes):
    found = examine([replace(u, speaker=u.id[:6]) for u in four_classes])
    assert Difference("speaker: Ses01F", 507, 528) in found.differences
    assert Difference("speaker: Ses05M", 597, 651) in found.differences
    assert "the speakers' sizes are those of the recordings: speakers were read from the name's prefix" in found.causes
    assert "with a wrong speaker: the letter after the session says who wears the markers" in found.problems[0]


def test_one_wrong_speaker_is_named_even_in_a_subset():
    turns = [
        Utterance(id="Ses01F_impro01_M000", transcript="a", label="happy", session="Ses01", speaker="Ses01F"),
        Utterance(id="Ses01F_impro01_F000", transcript="a", label="sad", session="Ses01", speaker="Ses01F"),
    ]
    assert examine(turns).problems[0].startswith("1 utterance (Ses01F_impro01_M000) with a wrong speaker")


def test_iemocap_with_classes_of_ones_own_is_not_compared(four_classes):
    found = examine([replace(u, label="calm" if u.label == "neutral" else "lively") for u in four_classes])
    assert (found.compared_with, found.healthy) == (None, True)


def corpus(**columns: list[object]) -> list[Utterance]:
    base = {"transcript": repeat("a"), "label": cycle("xy"), "speaker": cycle("st"), "session": repeat("1")} | columns
    rows = zip("abcd", *base.values(), strict=False)
    return [Utterance(id=name, **dict(zip(base, values, strict=True))) for name, *values in rows]


def test_another_corpus_is_counted_and_not_compared():
    found = examine(corpus(end=[1.0, 2.0, 3.0, 6.0], start=[0.5, None, None, 2.0]))
    assert (found.healthy, found.compared_with, found.problems, found.notes) == (True, None, [], [])
    assert found.tables == {"session": {"1": {"x": 2, "y": 2}}, "speaker": {"s": {"x": 2}, "t": {"y": 2}}}
    assert found.durations == Durations(4, 9.5, 0.5, 2.5, 2.375, 4.0)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"label": ["x", "y", None, None]}, "2 utterances (c, d) without a label, though others state theirs"),
        ({"speaker": ["s", None, "s", "t"]}, "1 utterance (b) without a speaker, though others state theirs"),
        ({"session": ["s", None, "s", "t"]}, "1 utterance (b) without a session, though others state theirs"),
        ({"label": repeat("x")}, "every label is 'x'; want at least two classes"),
        ({"transcript": repeat(None)}, "4 utterances (a, b, c, ...) with neither audio nor words"),
        (
            {"audio": ["/no/a.wav", None, None, None]},
            "1 utterance (a) whose audio file is not there; was the corpus moved?",
        ),
    ],
)
def test_what_no_corpus_should_be(columns, problem):
    found = examine(corpus(**columns))
    assert found.problems == [problem]
    assert not found.healthy


def test_what_a_corpus_does_not_state_is_a_note():
    found = examine([Utterance(id="a", transcript="x")])
    assert found.healthy
    assert found.notes == [
        "no utterance states its label, so there is nothing to train or test on",
        "no utterance states its speaker, so there is nothing to keep speakers apart",
        "no utterance states its session, so there is nothing to fold by session",
    ]


def test_differences_do_not_need_stated_kinds(four_classes):
    found = examine([replace(u, scripted=None) for u in four_classes])
    assert Difference("kind: scripted", 0, 2588) in found.differences
    assert found.causes == ["no known cause; build the manifest again and read what it skipped"]


# Synthetic corpora


def synthetic(utterances: list[Utterance]) -> list[Utterance]:
    return [replace(utterance, extra={**utterance.extra, "synthetic": True}) for utterance in utterances]


def test_a_synthetic_corpus_of_its_own_size_is_compared_with_nothing(four_classes):
    diagnosis = examine(synthetic(four_classes[::9]))
    assert diagnosis.synthetic and diagnosis.healthy
    assert (diagnosis.corpus, diagnosis.compared_with, list(diagnosis.differences)) == ("IEMOCAP", None, [])


def test_a_synthetic_corpus_of_the_published_shape_is_compared(four_classes, all_turns):
    for utterances, compared_with in (
        (four_classes, "the four classes, excited counted as happy"),
        (all_turns, "all labelled turns"),
    ):
        diagnosis = examine(synthetic(utterances))
        assert diagnosis.synthetic and diagnosis.healthy
        assert diagnosis.compared_with == compared_with
    moved = [replace(four_classes[0], label="sad"), *four_classes[1:]]
    assert examine(synthetic(moved)).differences


def test_a_corpus_is_synthetic_only_if_all_of_it_is(four_classes):
    mixed = [*synthetic(four_classes[:500]), *four_classes[500:600]]
    diagnosis = examine(mixed)
    assert not diagnosis.synthetic
    assert diagnosis.differences[0] == Difference("all", 600, 5531)
