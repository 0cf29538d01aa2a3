"""The page of a recording: whole in one file, true to the timeline, safe with any words, readable by anybody."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
from page_reading import Page

from emoduet.errors import InputError
from emoduet.report import timeline_page as module
from emoduet.report.recording_sound import RecordingSound, sound_of
from emoduet.report.timeline_data import data_of, length_of
from emoduet.report.timeline_page import spans_of, write_timeline_page
from emoduet.timeline_summary import summarise
from emoduet.types import Moment, Segment, SegmentPrediction, Timeline, Word

CLASSES = ("angry", "happy", "neutral", "sad")
EVIL = "</script><img src=x onerror=\"alert('&')\">\u2028\N{PILE OF POO}"


def prediction(
    start: float, end: float, shares: tuple[float, ...], abstained: bool | None = None, classes=CLASSES, **said
) -> SegmentPrediction:
    segment = Segment(start=start, end=end, **said)
    return SegmentPrediction(
        segment=segment, probabilities=dict(zip(classes, shares, strict=True)), abstained=abstained
    )


def two_voices() -> Timeline:
    words = (Word(text="Well", start=0.5, end=0.9), Word(text=" then", start=1.0, end=1.5))
    said = {"speaker": "Ann", "channel": 1, "language": "en"}
    segments = (
        prediction(0.5, 2.5, (0.75, 0.125, 0.125, 0.0), False, transcript="Well, then!", words=words, **said),
        prediction(3.0, 4.0, (0.25, 0.25, 0.25, 0.25), True, transcript="", speaker="Bob", language="de"),
        prediction(61.0, 62.0, (0.0, 0.0, 0.5, 0.5), False, **said),
    )
    times = (0.5, 0.75, 1.0, 61.0, 61.25)
    even = {"angry": 0.5, "happy": 0.25, "neutral": 0.125, "sad": 0.125}
    moments = tuple(Moment(time=time, probabilities=even, speaker="Ann", channel=1) for time in times)
    stray = Moment(time=9.0, probabilities=even, speaker="nobody")
    return Timeline(
        recording="call.mp3",
        duration=65.0,
        classes=CLASSES,
        segments=segments,
        moments=(*moments, stray),
    )


def silence(duration: float = 3.0) -> Timeline:
    return Timeline(recording="quiet.wav", duration=duration, classes=CLASSES, segments=())


@pytest.fixture
def sound(tmp_path) -> RecordingSound:
    samples = np.sin(np.arange(16_000 * 3) / 10).astype(np.float32)
    return sound_of([0.5 * samples[None]], tmp_path / "sound.mp3")


def page_of(folder: Path, timeline: Timeline, sound: RecordingSound | None = None, notes: tuple[str, ...] = ()) -> str:
    write_timeline_page(timeline, summarise(timeline), sound, folder / "page.html", notes)
    return (folder / "page.html").read_text("utf-8")


def island(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1])


# Whole, and alone


@pytest.mark.parametrize("timeline", [two_voices(), silence(), silence(0.0)], ids=["voices", "silence", "nothing"])
@pytest.mark.parametrize("heard", [True, False])
def test_every_page_is_whole_and_every_name_it_uses_is_there(tmp_path, sound, timeline, heard):
    page = page_of(tmp_path, timeline, sound if heard else None)
    read = Page(page)
    assert read.open == []
    ids = [said["id"] for _, said in read.tags if "id" in said]
    assert len(ids) == len(set(ids))
    assert {said["aria-labelledby"] for _, said in read.tags if "aria-labelledby" in said} <= set(ids)
    assert {said["href"].removeprefix("#") for tag, said in read.tags if tag == "a"} <= {*ids, "segments"}


def test_the_script_asks_for_nothing_that_the_page_lacks(tmp_path, sound):
    page = page_of(tmp_path, two_voices(), sound)
    asked = set(re.findall(r'\bat\("([a-z-]+)"\)', page))
    ids = {said["id"] for _, said in Page(page).tags if "id" in said}
    assert {"view", "play", "sound"} <= asked <= ids


def test_nothing_is_loaded_from_elsewhere(tmp_path, sound):
    page = page_of(tmp_path, two_voices(), sound)
    tags = Page(page).tags
    assert not [said for _, said in tags if "src" in said or (said.get("href") or "#")[0] != "#"]
    assert not {"link", "img", "iframe", "object", "embed"} & {tag for tag, _ in tags}
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "@import" not in page and set(re.findall(r"url\((.)", page)) == {"#"}
    policy = next(said["content"] for _, said in tags if said.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")


def test_what_it_is_not_stands_first(tmp_path):
    text = Page(page_of(tmp_path, two_voices())).text
    body = text.removeprefix("call.mp3: expressed emotion").strip()
    assert body.startswith(
        "This page estimates expressed emotion as raters might label it, never anybody’s inner state."
    )


def test_the_same_timeline_is_the_same_bytes(tmp_path, sound):
    assert page_of(tmp_path, two_voices(), sound) == page_of(tmp_path, two_voices(), sound)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        write_timeline_page(silence(), summarise(silence()), None, tmp_path)


# True to the timeline


def test_the_reader_finds_the_recording_in_words(tmp_path):
    text = Page(page_of(tmp_path, two_voices(), notes=("Model: demo, Apache-2.0",))).text
    assert "1:05.0 0:04.0 of speech 3 segments 2 voices spoken: de, en Model: demo, Apache-2.0" in text
    assert "Everybody 0:04.0 angry 43.8 % happy 12.5 % neutral 25.0 % sad 18.8 %" in text
    assert "Ann 0:03.0 angry 50.0 % happy 8.3 % neutral 25.0 % sad 16.7 %" in text
    assert "The model abstained from 1 of 3 segments" in text
    assert "angry 75.0 % Ann 0:00.5" in text
    assert "angry → neutral 1 1:01.0 Ann" in text
    assert "0:00.5 to 0:02.5 Ann Well , then ! angry 75.0 %" in text.replace("  ", " ")
    assert "0:03.0 to 0:04.0 Bob no words angry 25.0 %, abstained · entropy 2.00 bits" in text
    assert "Ann words unknown neutral 50.0 % · entropy 1.00 bits angry 0.0 happy 0.0 neutral 50.0 sad 50.0" in text


def test_each_segment_shows_every_class_as_a_bar_of_its_probability(tmp_path):
    page = page_of(tmp_path, two_voices())
    first = re.search(r'id="s0".*?</ul>', page, re.DOTALL)[0]
    bars = re.findall(r'<li class="c(\d)" style="--p:([\d.]+)"><span>(\w+)</span><b>([\d.]+)</b>', first)
    wanted = [("0", "0.750", "angry"), ("1", "0.125", "happy"), ("3", "0.125", "neutral"), ("2", "0.000", "sad")]
    assert [bar[:3] for bar in bars] == wanted
    assert [bar[3] for bar in bars] == ["75.0", "12.5", "12.5", "0.0"]


def test_words_and_segments_and_peaks_lead_to_their_times(tmp_path):
    page = page_of(tmp_path, two_voices())
    assert '<span data-t="0.5">Well</span>, <span data-t="1.0">then</span>!</p>' in page
    places = [(said["class"], said["data-t"]) for tag, said in Page(page).tags if tag == "button" and "data-t" in said]
    assert places.count(("go", "61.0")) == 1 and ("jump", "61.0") in places and ("go", "3.0") in places


def test_the_script_gets_numbers(tmp_path):
    data = island(page_of(tmp_path, two_voices()))
    assert data["length"] == 65 and data["voices"] == ["Ann", "Bob"] and data["colours"] == [0, 1, 3, 2]
    assert data["segments"] == [[0.5, 2.5, 0, 0, 0.75, 0], [3, 4, 1, 0, 0.25, 1], [61, 62, 0, 2, 0.5, 0]]
    assert data["peaks"] is None


def test_a_curve_breaks_where_nobody_speaks_and_strays_are_left_out():
    curves = data_of(two_voices(), None)["curves"]
    assert [(one["voice"], one["times"]) for one in curves] == [(0, [0.5, 0.75, 1.0]), (0, [61.0, 61.25])]
    assert curves[1]["shares"] == [[500, 500], [250, 250], [125, 125], [125, 125]]  # 125 of a thousand, not 12.5 %


def test_a_moment_alone_is_no_curve():
    timeline = two_voices()
    lone = Timeline(
        recording="a", duration=65, classes=CLASSES, segments=timeline.segments, moments=timeline.moments[:1]
    )
    assert data_of(lone, None)["curves"] == []


def test_the_outline_is_scaled_to_its_loudest():
    sound = RecordingSound(np.array([[-0.5, 0.25], [0.0, 0.1]], dtype=np.float32), 0.01, Path("unread"))
    peaks = data_of(silence(), sound)["peaks"]
    assert peaks["column"] == 0.01
    assert np.frombuffer(base64.b64decode(peaks["values"]), dtype=np.int8).tolist() == [-127, 64, 0, 25]


def test_silence_has_an_outline_of_nothing():
    sound = RecordingSound(np.zeros((2, 2), dtype=np.float32), 0.01, Path("unread"))
    assert base64.b64decode(data_of(silence(), sound)["peaks"]["values"]) == bytes(4)


def test_the_time_axis_holds_whatever_was_heard():
    late = Timeline(recording="a", duration=1.0, classes=CLASSES, segments=two_voices().segments)
    sound = RecordingSound(np.zeros((300, 2), dtype=np.float32), 0.01, Path("unread"))
    assert length_of(late, None) == 62
    assert length_of(silence(0.0), sound) == 3
    assert length_of(silence(2.0), sound) == 2


# Sound, or none


def test_the_sound_travels_in_the_page_in_lines_that_stand_alone(tmp_path, sound, monkeypatch):
    monkeypatch.setattr(module, "PIECE", 3 << 8)
    page = page_of(tmp_path, two_voices(), sound)
    lines = re.search(r'<script type="text/plain" id="sound">(.*?)</script>', page, re.DOTALL)[1].split()
    assert len(lines) > 10
    assert b"".join(base64.b64decode(line) for line in lines) == sound.mp3.read_bytes()


def test_without_sound_there_is_nothing_to_play(tmp_path, sound):
    without, with_sound = (page_of(tmp_path, two_voices(), one) for one in (None, sound))
    for word in ('id="play"', 'id="sound"', 'id="speed"', 'aria-label="Play '):
        assert word in with_sound and word not in without
    assert 'aria-label="Go to 0:00.5, Ann"' in without and 'id="view"' in without


# Little to show


def test_no_speech_is_said_and_can_still_be_listened_to(tmp_path, sound):
    page = page_of(tmp_path, silence(), sound)
    assert "No speech was found" in page and "You can listen to it below" in page and 'id="play"' in page
    assert not [word for word in ('id="segments"', "At a glance", 'class="legend"', 'id="after"') if word in page]
    quiet = page_of(tmp_path, silence())
    assert "No speech was found" in quiet and "listen" not in Page(quiet).text.split("Timeline")[0]
    assert 'id="view"' not in page_of(tmp_path, silence(0.0))


def test_all_abstained_has_no_strongest_moment_and_no_changes(tmp_path):
    unsure = tuple(prediction(k, k + 1, (0.25,) * 4, True) for k in range(3))
    timeline = Timeline(recording="a", duration=3, classes=CLASSES, segments=unsure)
    text = Page(page_of(tmp_path, timeline)).text
    assert "Nowhere: the model abstained from every segment." in text and "the next, whoever speaks) None." in text
    assert "abstained from 3 of 3 segments" in text


def test_abstaining_is_not_spoken_of_where_no_risk_was_chosen(tmp_path):
    plain = Timeline(recording="a", duration=3, classes=CLASSES, segments=(prediction(0, 3, (1.0, 0, 0, 0)),))
    text = Page(page_of(tmp_path, plain)).text.split("const data")[0]
    assert "abstained" not in text and "Voice" not in text


# Safe with any words


def test_words_of_others_are_never_markup(tmp_path):
    classes = (EVIL, "b")
    evil = prediction(0, 1, (0.75, 0.25), classes=classes, speaker=EVIL, transcript=EVIL, language=EVIL)
    other = prediction(1, 2, (0.25, 0.75), True, classes=classes, speaker=f"two {EVIL}", transcript=EVIL)
    moments = (Moment(time=0, probabilities=evil.probabilities), Moment(time=1, probabilities=evil.probabilities))
    timeline = Timeline(recording=EVIL, duration=2, classes=classes, segments=(evil, other), moments=moments)
    page = page_of(tmp_path, timeline, notes=(EVIL,))
    read = Page(page)
    assert read.open == [] and "img" not in {tag for tag, _ in read.tags}
    assert page.count("<script") == page.count("</script>") == 2
    data = island(page)
    assert data["voices"] == [EVIL, f"two {EVIL}"] and data["classes"] == [EVIL, "b"]
    assert "\u2028" not in re.search(r"<script type.*?</script>", page, re.DOTALL)[0]
    assert read.text.count("onerror=") > 10


def test_a_name_that_is_no_unicode_does_not_stop_the_page(tmp_path):
    timeline = Timeline(recording="caf\udce9.wav", duration=3, classes=CLASSES, segments=())
    assert "<h1>caf?.wav</h1>" in page_of(tmp_path, timeline)


# The transcript's pieces


@pytest.mark.parametrize(
    ("transcript", "words", "wanted"),
    [
        ("a b", (), [("a b", "", None)]),
        (None, (), [("", "", None)]),
        ("A man, a plan", ("man", "a"), [("A ", "man", 0.0), (", ", "a", 1.0), (" plan", "", None)]),
        ("other words", ("man", " a"), [(" ", "man", 0.0), (" ", "a", 1.0)]),
        (None, ("man",), [(" ", "man", 0.0)]),
    ],
)
def test_words_are_found_in_the_transcript_in_their_order(transcript, words, wanted):
    timed = tuple(Word(text=text, start=float(number), end=number + 0.5) for number, text in enumerate(words))
    assert spans_of(Segment(start=0, end=9, transcript=transcript, words=timed)) == wanted


# Long recordings


def test_three_thousand_segments_stay_a_small_page(tmp_path):
    words = tuple(Word(text=f"word{number}", start=number, end=number + 0.3) for number in range(12))
    transcript = " ".join(word.text for word in words)
    one = {"transcript": transcript, "words": words}
    segments = tuple(
        prediction(2.4 * number, 2.4 * number + 2, (0.4, 0.3, 0.2, 0.1), speaker=f"voice {number % 2}", **one)
        for number in range(3_000)
    )
    page = page_of(tmp_path, Timeline(recording="a", duration=7_200, classes=CLASSES, segments=segments))
    assert len(page) < 6e6 and page.count('<li class="segment') == 3_000
