"""The speaking synthetic corpus on disk: IEMOCAP's layout, the planted flaws, the truth beside it, and its sound."""

import filecmp
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emoduet.corpora.synthetic import write_corpus
from emoduet.errors import InputError

pytest.importorskip("espeakng_loader", reason="synthetic speech needs the optional extra demo")

SIZE = {"sessions": 2, "dialogues": 6, "seed": 3}
MAIN_LINE = re.compile(
    r"^\[(\d+\.\d{4}) - (\d+\.\d{4})\]\t(\S+)\t([a-z]{3})\t\[(.{6}), (.{6}), (.{6})\]$", re.MULTILINE
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("synthetic") / "corpus"
    assert write_corpus(out, **SIZE, workers=2) is True
    return out


@pytest.fixture(scope="module")
def record(corpus) -> dict:
    return json.loads((corpus / "Documentation" / "synthetic.json").read_text())


@pytest.fixture(scope="module")
def sounds(corpus, record) -> dict[str, np.ndarray]:
    """Each turn's samples between -1 and 1, decoded as any program would."""
    decoded = {}
    for turn_id in record["utterances"]:
        samples, rate = soundfile.read(wav_path(corpus, turn_id))
        assert (rate, samples.ndim) == (16_000, 1)
        decoded[turn_id] = samples
    return decoded


def wav_path(corpus: Path, turn_id: str) -> Path:
    return corpus / f"Session{int(turn_id[3:5])}" / "sentences" / "wav" / turn_id.rsplit("_", 1)[0] / f"{turn_id}.wav"


def transcripts(corpus: Path) -> dict[str, str]:
    """Text by id, of all rows that have an id."""
    files = corpus.glob("Session*/dialog/transcriptions/Ses*.txt")
    rows = [row for path in files for row in path.read_text().splitlines() if row.startswith("Ses")]
    return {row.split(" ")[0]: row.split("]: ", 1)[1] for row in rows}


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_whatever_the_workers(tmp_path):
    small = {"sessions": 1, "dialogues": 2, "seed": 11}
    for name, workers in (("serial", 1), ("parallel", 3)):
        write_corpus(tmp_path / name, **small, workers=workers)
    serial, parallel = tree(tmp_path / "serial"), tree(tmp_path / "parallel")
    assert len(serial) > 50
    assert serial == parallel


def test_breathy_voices_do_not_depend_on_the_clock(corpus, tmp_path):
    """Session 2's voices have noise in them, which espeak-ng would seed by the second it starts in."""
    while int(time.time()) == int(corpus.stat().st_mtime):
        time.sleep(0.05)
    write_corpus(tmp_path / "again", **SIZE)
    wavs = [str(p.relative_to(corpus)) for p in corpus.glob("Session2/sentences/wav/Ses02F*/Ses*.wav")]
    assert len(wavs) == 42
    assert filecmp.cmpfiles(corpus, tmp_path / "again", wavs, shallow=False)[0] == wavs


def test_another_seed_gives_other_words_and_sounds(tmp_path):
    for seed in (1, 2):
        write_corpus(tmp_path / str(seed), sessions=1, dialogues=1, seed=seed)
    name = "Session1/dialog/transcriptions/Ses01F_impro01.txt"
    assert (tmp_path / "1" / name).read_text() != (tmp_path / "2" / name).read_text()


def test_every_turn_has_a_label_a_transcript_and_a_wav_of_its_length(corpus, record, sounds):
    turns = record["utterances"]
    seen = {}
    for path in corpus.glob("Session*/dialog/EmoEvaluation/Ses*.txt"):
        for start, end, turn_id, code, *_ in MAIN_LINE.findall(path.read_text()):
            assert turn_id.startswith(path.stem + "_")
            seen[turn_id] = (float(end) - float(start), code)
    assert len(seen) == 2 * 6 * 14
    assert {turn_id: code for turn_id, (_, code) in seen.items()} == {t: truth["code"] for t, truth in turns.items()}
    for turn_id, (duration, _) in seen.items():
        assert duration == pytest.approx(len(sounds[turn_id]) / 16_000, abs=2e-4)
    assert {turn_id for turn_id in transcripts(corpus) if "XX" not in turn_id} == set(turns)


def test_an_evaluation_file_has_the_release_format(corpus):
    text = (corpus / "Session1" / "dialog" / "EmoEvaluation" / "Ses01F_impro01.txt").read_text()
    header, blank, *_ = text.split("\n")
    assert (header, blank) == ("% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", "")
    for block in text.split("\n\n")[1:]:
        main, *votes = block.strip("\n").split("\n")
        assert MAIN_LINE.fullmatch(main)
        assert len([v for v in votes if re.fullmatch(r"C-E\d:\t([A-Z][a-z ]+;)( [A-Z][a-z ]+;)?\t\(.*\)", v)]) == 3
        assert len([v for v in votes if re.fullmatch(r"A-E\d:\tval \d; act \d; dom  \d;\t\(\)", v)]) == 2
        assert len([v for v in votes if re.match(r"[CA]-[FM]1:\t", v)]) == 2
        stated = [float(number) for number in MAIN_LINE.fullmatch(main).groups()[4:]]
        scores = [re.findall(r"\d(?=;)", vote) for vote in votes if vote.startswith("A-E")]
        assert stated == pytest.approx(np.array(scores, dtype=float).mean(axis=0))


def test_turns_of_both_speakers_are_in_both_speakers_recordings(record):
    pairs = {turn_id[5] + turn_id.split("_")[-1][0] for turn_id in record["utterances"]}
    assert pairs == {"FF", "FM", "MF", "MM"}


@pytest.mark.parametrize(
    "pattern",
    [
        "Session1/dialog/EmoEvaluation/.DS_Store",
        "Session1/dialog/EmoEvaluation/._Ses01F_impro01.txt",
        "Session1/dialog/transcriptions/._Ses01F_impro01.txt",
        "Session1/sentences/wav/.DS_Store",
        "Session1/sentences/wav/Ses01F_impro01/.DS_Store",
        "Session1/sentences/wav/Ses01F_impro01/._Ses01F_impro01_*.wav",
        "Session1/sentences/wav/Ses01F_impro01/*.pk",
    ],
)
def test_debris_is_planted_and_binary(corpus, pattern):
    (path,) = corpus.glob(pattern)
    with pytest.raises(UnicodeDecodeError):
        path.read_text(encoding="utf-8")


def test_subfolders_of_evaluations_hold_sheets_that_mislead_whoever_recurses(corpus, record):
    evaluations = corpus / "Session2" / "dialog" / "EmoEvaluation"
    sheets = {path.parent.name for path in evaluations.glob("*/*.txt")}
    assert sheets == {"Attribute", "Categorical", "Self-evaluation"}
    draft = MAIN_LINE.findall((evaluations / "Self-evaluation" / "Ses02F_impro01.txt").read_text())
    assert len(draft) == 14
    assert all(code != record["utterances"][turn_id]["code"] for _, _, turn_id, code, *_ in draft)


def test_transcriptions_hold_every_trap(corpus):
    texts = {p.stem: p.read_bytes() for p in corpus.glob("Session*/dialog/transcriptions/Ses*.txt")}
    assert {b"\r\n" in text for text in texts.values()} == {True, False}
    assert all(b"M: sorry" in text for text in texts.values())
    assert all(re.search(rb"_FXX0 \[.*\]: ", text) and b"_MXX0 " in text for text in texts.values())
    whole = b"".join(texts.values())
    assert re.search(rb"\]: [A-Z][A-Za-z ]+: ", whole)
    assert re.search(rb"\[(LAUGHTER|BREATHING|LIPSMACK|GARBAGE)\]", whole)
    assert {"Ses01M_script01_1b", "Ses01F_impro05a"} <= set(texts)


def test_some_turns_have_no_majority_and_some_votes_are_split(corpus, record):
    codes = [truth["code"] for truth in record["utterances"].values()]
    assert codes.count("xxx") >= 5
    assert {"ang", "hap", "exc", "neu", "sad", "fru"} <= set(codes)
    text = "".join(path.read_text() for path in corpus.glob("Session*/dialog/EmoEvaluation/Ses*.txt"))
    assert re.search(r"^C-E\d:\t[A-Z][a-z ]+; [A-Z]", text, re.MULTILINE)
    assert re.search(r"^C-..:\t.*\t\([a-z]", text, re.MULTILINE)


def test_odd_length_wavs_still_decode(corpus, record, sounds):
    odd = [t for t in record["utterances"] if int.from_bytes(wav_path(corpus, t).read_bytes()[40:44], "little") % 2]
    assert len(odd) == 12
    assert all(len(sounds[turn_id]) > 8_000 for turn_id in odd)


def test_readme_says_first_that_nothing_here_is_about_people(corpus, record):
    first = (corpus / "README.txt").read_text().splitlines()[0]
    assert first == "This is synthetic speech and means nothing about people." == record["notice"]
    assert record["synthetic"] is True


def test_record_holds_parameters_distributions_and_ceilings(record):
    assert record["parameters"] == {"kind": "speech", **SIZE, "script_fidelity": 0.6}
    assert record["distributions"]["code_priors"]["ang"] == 0.2
    assert "outrageous" in record["distributions"]["lexicon"]["hostile"]
    assert record["ceilings"]["both"] > record["ceilings"]["words"] + 15


def test_record_points_at_the_telling_word_of_each_transcript(corpus, record):
    texts = transcripts(corpus)
    for turn_id, truth in record["utterances"].items():
        assert texts[turn_id].split()[truth["cue_index"]].strip(".,") == truth["cue_word"]
        assert truth["cue_word"] in record["distributions"]["lexicon"][truth["word_group"]]


def test_record_tells_when_each_word_is_said(corpus, record, sounds):
    texts, levels = transcripts(corpus), {"words": [], "pauses": []}
    for turn_id, truth in record["utterances"].items():
        words, times, samples = texts[turn_id].split(), truth["word_times"], sounds[turn_id]
        assert [time is None for time in times] == [word.startswith("[") for word in words]
        edges = [edge for time in times if time for edge in time]
        assert edges == sorted(edges) and edges[0] == 0.0 and edges[-1] <= len(samples) / 16_000
        assert all(start < end for start, end in filter(None, times))
        start, end = truth["word_times"][truth["cue_index"]]
        assert 0.1 < end - start < 1.5
        inside = np.zeros(len(samples), dtype=bool)
        for first, last in filter(None, times):
            inside[round(16_000 * first) : round(16_000 * last)] = True
        levels["words"].append(np.sqrt((samples[inside] ** 2).mean()) / samples.std())
        levels["pauses"].append(np.sqrt((samples[~inside] ** 2).mean()) / samples.std())
    assert any(truth["word_times"][0] is None for truth in record["utterances"].values())
    assert np.median(levels["words"]) > 1 > 4 * np.median(levels["pauses"])


def test_clips_last_a_few_seconds_and_sound(sounds):
    lengths = np.array([len(samples) / 16_000 for samples in sounds.values()])
    assert 1.2 < np.median(lengths) < 2.5
    assert 0.5 < lengths.min()
    assert lengths.max() < 6
    assert all(np.abs(samples).max() > 0.02 for samples in sounds.values())
    assert not any((np.abs(samples) >= 0.9999).sum() > 20 for samples in sounds.values())


def test_arousal_is_heard_as_loudness_tempo_and_pitch(record, sounds):
    turns = record["utterances"]
    arousal = [truth["arousal"] for truth in turns.values()]
    loudness = [np.log(sounds[turn_id].std()) for turn_id in turns]
    length = [np.log(len(sounds[turn_id])) for turn_id in turns]
    assert np.corrcoef(arousal, loudness)[0, 1] > 0.85
    assert np.corrcoef(arousal, length)[0, 1] < -0.6
    for speaker in (("1", "M"), ("2", "F")):
        own = [t for t in turns if (t[4], t.split("_")[-1][0]) == speaker]
        pitches = [median_pitch(sounds[turn_id]) for turn_id in own]
        wanted = [turns[turn_id]["espeak_settings"]["pitch"] for turn_id in own]
        assert np.corrcoef(wanted, pitches)[0, 1] > 0.6, speaker


def median_pitch(samples: np.ndarray) -> float:
    """Hz, by the highest peak of the autocorrelation of each loud frame of 64 ms, 60 to 400 Hz."""
    frames = [samples[i : i + 1024] for i in range(0, len(samples) - 1024, 512)]
    loud = [frame for frame in frames if frame.std() > samples.std() * 0.7]
    correlations = np.array([np.fft.irfft(np.abs(np.fft.rfft(frame, 4096)) ** 2)[40:267] for frame in loud])
    return float(np.median(16_000 / (40 + correlations.argmax(axis=1))))


def test_the_same_corpus_is_not_written_twice(corpus):
    before = (corpus / "README.txt").stat().st_mtime_ns
    assert write_corpus(corpus, **SIZE) is False
    assert (corpus / "README.txt").stat().st_mtime_ns == before


def test_a_corpus_of_the_first_format_is_the_same_sound_and_stays(tmp_path):
    small = {"sessions": 1, "dialogues": 1, "seed": 3}
    write_corpus(tmp_path / "out", **small)
    path = tmp_path / "out" / "Documentation" / "synthetic.json"
    older = json.loads(path.read_text()) | {"format": 1}
    path.write_text(json.dumps(older))
    assert write_corpus(tmp_path / "out", **small) is False
    assert json.loads(path.read_text())["format"] == 1
    with pytest.raises(InputError, match=r"holds a synthetic corpus of .*'seed': 3.*, not .*'seed': 4"):
        write_corpus(tmp_path / "out", **(small | {"seed": 4}))


def test_an_empty_folder_is_taken_and_progress_is_told(tmp_path):
    told = []
    out = tmp_path / "out"
    out.mkdir()
    assert write_corpus(out, sessions=1, dialogues=2, progress=lambda done, total: told.append((done, total))) is True
    assert told == [(1, 2), (2, 2)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_another_corpus_in_the_way_is_named(corpus):
    with pytest.raises(InputError, match=r"holds a synthetic corpus of .*'seed': 3.*, not .*'seed': 4"):
        write_corpus(corpus, **(SIZE | {"seed": 4}))


@pytest.mark.parametrize("record_text", [None, "{", "[]", '{"format": 0, "parameters": {}}'])
def test_other_files_in_the_way_are_left_alone(tmp_path, record_text):
    (tmp_path / "Documentation").mkdir()
    if record_text is not None:
        (tmp_path / "Documentation" / "synthetic.json").write_text(record_text)
    with pytest.raises(InputError, match="holds other files; name a folder that is empty"):
        write_corpus(tmp_path, sessions=1, dialogues=1)


def test_a_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="out: is a file; need a folder"):
        write_corpus(tmp_path / "out", sessions=1, dialogues=1)
    assert (tmp_path / "out").read_text() == "mine"


def test_nothing_is_left_when_writing_fails(tmp_path):
    def stop(done, total):
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_corpus(tmp_path / "out", sessions=1, dialogues=2, progress=stop)
    assert list(tmp_path.iterdir()) == []
