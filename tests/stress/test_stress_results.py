"""What a stress test says of answers: scores and paired differences by hand, words to quote, files read back."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from easy_corpus import CLASSES
from little_models import write_model

from emoduet.atomic import write_json
from emoduet.corruptions import corruptions_named
from emoduet.errors import InputError
from emoduet.evaluation import Answers
from emoduet.pairing import compare_pairs
from emoduet.pretrained.loading import weights_digest
from emoduet.significance import Interval
from emoduet.stress.conditions import CLEAN, Condition
from emoduet.stress.results import FILE, Row, Stress, difference_in_words, read_stress, row_of, stress_lines
from emoduet.subject import LeftOut
from emoduet.types import Utterance

NOISE = Condition(corruption=corruptions_named(["noise-white 10 dB"])[0])
WRONG = {*range(0, 20, 4), *range(40, 60, 4)}
"""Ten angry utterances, two of each of five speakers."""


def answers(number: int = 400, speakers: int = 10, wrong: set[int] = frozenset(), sure: float = 1.0) -> Answers:
    """Classes in turn, speakers in turn by fours; right but for the utterances named, which get the next class."""
    utterances = tuple(
        Utterance(id=f"u{place}", label=CLASSES[place % 4], speaker=f"s{place // 4 % speakers}")
        for place in range(number)
    )
    predictions = [(place + (place in wrong)) % 4 for place in range(number)]
    return Answers(utterances, CLASSES, sure * np.eye(4)[predictions] + (1 - sure) / 4)


def row(**values: object) -> Row:
    usual = Row(
        family="noise-white",
        severity="10 dB",
        words="given",
        ua=0.6,
        wa=0.62,
        ua_interval=None,
        ua_clean=0.75,
        difference=-0.15,
        interval=Interval(-0.2, -0.1),
        changed=0.25,
        ece=0.08,
        word_error_rate=None,
        num_utterances=1200,
        over="10 speakers",
    )
    return replace(usual, **values)


def stress(*rows: Row, **values: object) -> Stress:
    clean = row(family="clean", severity="", ua=0.75, difference=0.0, interval=None, changed=0.0)
    usual = Stress((clean, *rows), (), "synthetic corpus: means nothing about people", 3, {"weights_sha256": {}})
    return replace(usual, **values)


def test_scores_and_difference_by_hand():
    """Of 100 angry utterances ten fewer are right: UA and WA lose 2.5 points, and 2.5 % of the answers change."""
    found = row_of(NOISE, answers(), answers(wrong=WRONG, sure=0.5), 0.3)
    assert (found.name, found.words, found.word_error_rate) == ("noise-white 10 dB", "given", 0.3)
    assert (found.ua, found.wa, found.ua_clean) == pytest.approx((0.975, 0.975, 1))
    assert (found.difference, found.changed) == pytest.approx((-0.025, 0.025))
    assert found.ece == pytest.approx(0.975 - 0.625)
    assert (found.num_utterances, found.over) == (400, "10 speakers")


def test_the_interval_is_that_of_pairs():
    clean, worse = answers(wrong={1, 2, 3}), answers(wrong=WRONG)
    speakers = [one.speaker for one in clean.utterances]
    wanted = compare_pairs(clean.labels, worse.predictions, clean.predictions, speakers)
    found = row_of(NOISE, clean, worse)
    assert (found.difference, found.interval) == (pytest.approx(wanted.difference), wanted.interval)
    assert found.interval.low < found.difference < found.interval.high
    assert found.ua_interval.low < found.ua < found.ua_interval.high


def test_four_speakers_have_no_interval():
    found = row_of(NOISE, answers(speakers=4), answers(speakers=4, wrong=WRONG))
    assert (found.interval, found.ua_interval) == (None, None)
    assert found.over == "4 speakers: too few for an interval"


def test_where_no_answer_changes_there_is_no_interval():
    found = row_of(NOISE, answers(wrong=WRONG), answers(wrong=WRONG))
    assert (found.difference, found.changed, found.interval) == (0, 0, None)
    assert found.ua_interval is not None


def test_the_clean_row_differs_from_nothing():
    found = row_of(CLEAN, answers(wrong=WRONG), answers(wrong=WRONG))
    assert (found.name, found.difference, found.changed) == ("clean", 0, 0)


def test_differences_in_words():
    assert difference_in_words(row()) == "-15.0 (-20.0 to -10.0)"
    assert difference_in_words(row(difference=0.011, interval=None)) == "+1.1"


def test_lines_name_the_worst_of_each_family(tmp_path):
    worst = row(severity="0 dB", ua=0.5, difference=-0.25, interval=Interval(-0.3, -0.2))
    better = row(family="gain", severity="+10 dB", difference=0.01, interval=None, num_utterances=1, over="1 speaker")
    same = row(family="mp3", severity="64 kbit/s", ua=0.75, difference=0.0, interval=None, changed=0.0)
    write_json(tmp_path / FILE, stress(row(), worst, better, same).as_json())
    marks = "seed 3; synthetic corpus: means nothing about people"
    assert stress_lines(tmp_path / FILE) == [
        f"clean: UA 75.0; 1,200 utterances; 10 speakers; {marks}",
        "noise-white 0 dB, the worst of 2: UA 50.0, 25.0 points below clean, 95 % interval -30.0 to -20.0; "
        f"1,200 utterances; 10 speakers; {marks}",
        f"gain +10 dB: UA 60.0, 1.0 points above clean, no interval; 1 utterance; 1 speaker; {marks}",
        "mp3 64 kbit/s: UA 75.0, 0.0 points below clean, no interval: no answer changed; "
        f"1,200 utterances; 10 speakers; {marks}",
    ]


def test_files_are_read_back(tmp_path):
    told = stress(row(ua_interval=Interval(0.5, 0.7)), left_out=(LeftOut("one modality", "it needs both"),))
    write_json(tmp_path / FILE, told.as_json())
    assert read_stress(tmp_path / FILE) == told
    (clean, noise) = csv.DictReader(io.StringIO(told.as_csv()))
    assert (noise["family"], noise["ua"], noise["interval_low"], noise["interval_high"]) == (
        "noise-white",
        "0.6",
        "-0.2",
        "-0.1",
    )
    assert (clean["interval_low"], clean["word_error_rate"], clean["seed"]) == ("", "", "3")
    assert {clean["marks"], noise["marks"]} == {"synthetic corpus: means nothing about people"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"format": "emoduet-stress"}', "KeyError"),
        ('{"format": "emoduet-stress", "format_version": 9}', "format 'emoduet-stress', version 9"),
    ],
)
def test_what_is_no_stress_test(tmp_path, text, told):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(
        InputError, match=f"not what a stress test of this emoduet writes .*{told}.*run .emoduet stress"
    ):
        read_stress(tmp_path / FILE)


def test_no_file_at_all(tmp_path):
    with pytest.raises(InputError, match="absent.json: not what a stress test .*FileNotFoundError"):
        stress_lines(tmp_path / "absent.json")


def test_of_other_weights_it_is_not_believed(tmp_path):
    model = write_model(tmp_path / "model", "demo-text-only")
    told = stress(description={"weights_sha256": {".": weights_digest(str(model))}})
    write_json(model / FILE, told.as_json())
    assert read_stress(model / FILE) == told
    stored = json.loads((model / FILE).read_text())
    write_json(model / FILE, stored | {"weights_sha256": {".": "0" * 64}})
    with pytest.raises(InputError, match="is of other weights than those of .*model; run `emoduet stress` again"):
        read_stress(model / FILE)
    Path(tmp_path / FILE).write_text((model / FILE).read_text())
    assert read_stress(tmp_path / FILE).rows == told.rows
