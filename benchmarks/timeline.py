"""What `emoduet predict` takes of a long recording, and where it finds an emotional passage in an unemotional one.

    python benchmarks/timeline.py demo/corpus.jsonl MODEL [--hours 2]

The manifest is of the synthetic corpus, MODEL a model of its first fold, which has not heard session Ses01. All
recordings are stitched from that session, so every figure is of synthetic speech and says nothing of people.

Memory: two minutes and two hours of turns with silence between them, each answered by a process of its own; prints the
peak of both and their difference. A model that reads is told where the turns are and what is said; for one that only
listens speech is detected. Once more with one segment that is as long as the recording, its words without times, and a
curve of few windows. Passages: for each speaker and emotion some ten seconds of neutral turns, six of emotional
ones and ten of neutral ones, without a pause between them, as a 44.1 kHz stereo mp3; the curve of windows a quarter of
a second apart must show the passage within half a second of its borders. That is asked for turns which the model
recognises when it is given each by itself, so that a miss is the timeline's; turns as they come are shown beside them.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from emoduet import EmotionRecognizer, Listening, Moment, Segment, Utterance, Word
from emoduet.audio import SAMPLING_RATE, read_audio
from emoduet.manifest import read_manifest
from emoduet.segmentation import with_words

SESSION = "Ses01"
HOP, ALLOWED = 0.25, 0.5
AROUND, WITHIN = 10.0, 6.0
"""Seconds of neutral speech before and after a passage, and of the passage, at least."""
SPARSE = 5.0
"""Seconds from window to window where only memory is asked for."""

MEASURED = """
import resource, sys
from emoduet import EmotionRecognizer, Listening
recognizer = EmotionRecognizer.load(sys.argv[1], device="cpu")
listening = Listening(segments=sys.argv[3] or None, hop=float(sys.argv[4]) if sys.argv[4] else None)
found = sum(hasattr(one, "segment") for one in recognizer.listen(sys.argv[2], listening))
print(found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--window", type=float, help="by default the model's median training utterance")
    asked = parser.parse_args()
    utterances = [one for one in read_manifest(asked.manifest) if one.session == SESSION and one.audio]
    if not utterances:
        parser.error(f"{asked.manifest}: no utterances of session {SESSION}; need a manifest of the synthetic corpus")
    recognizer = EmotionRecognizer.load(asked.model, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        flat = memory_is_flat(Path(folder), asked.model, utterances, asked.hours, recognizer.reads)
        print("turns as they come:")
        passages_are_found(Path(folder), recognizer, utterances, asked.window)
        print("turns that the model recognises one by one:")
        found = passages_are_found(Path(folder), recognizer, recognised(recognizer, utterances), asked.window)
    return 0 if flat and found else 1


def memory_is_flat(folder: Path, model: Path, utterances: Sequence[Utterance], hours: float, reads: bool) -> bool:
    """Prints the peak memory of a short and a long recording; whether they differ by less than 300 MB."""
    peaks: dict[str, list[float]] = {}
    for name, seconds in (("two minutes", 120.0), (f"{hours:g} hours", hours * 3600)):
        sound, turns, one = (folder / f"{seconds:.0f}{suffix}" for suffix in (".wav", ".json", " in one.json"))
        write_long(sound, turns, one, utterances, seconds)
        for cut, segments, hop in (("turns", turns if reads else "", ""), ("one segment", one, SPARSE)):
            command = [sys.executable, "-c", MEASURED, str(model), str(sound), str(segments), str(hop)]
            answered, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            peaks.setdefault(cut, []).append(float(peak))
            print(f"{name}, {cut}: {answered} segments, peak {float(peak):,.0f} MB", flush=True)
    differences = {cut: max(found) - min(found) for cut, found in peaks.items()}
    for cut, difference in differences.items():
        print(f"{cut}: difference {difference:,.0f} MB; allowed 300")
    return max(differences.values()) < 300


def write_long(sound: Path, turns: Path, one: Path, utterances: Sequence[Utterance], seconds: float) -> None:
    """Turns with a second of silence between them, over and over, and what was said when; and all of it as one."""
    said, now = [], 0.0
    with soundfile.SoundFile(sound, "w", SAMPLING_RATE, 1) as file:
        while now < seconds:
            for utterance in utterances:
                samples = np.concatenate([read(utterance), np.zeros(SAMPLING_RATE, dtype=np.float32)])
                file.write(samples)
                end = now + len(samples) / SAMPLING_RATE - 1
                said.append({"start": now, "end": end, "text": utterance.transcript})
                now = end + 1
                if now >= seconds:
                    break
    turns.write_text(json.dumps(said), encoding="utf-8")
    everything = {"start": 0.0, "end": now, "text": " ".join(turn["text"] or "" for turn in said)}
    one.write_text(json.dumps([everything]), encoding="utf-8")


def passages_are_found(
    folder: Path, recognizer: EmotionRecognizer, utterances: Sequence[Utterance], window: float | None
) -> bool:
    """Prints how far from its borders each passage was found; whether most are within what is allowed."""
    errors = []
    for speaker, label, turns, borders in passages(utterances):
        sound, segment = folder / "passage.mp3", written(folder / "passage.mp3", turns)
        curve = recognizer.timeline(sound, Listening(segments=[segment], hop=HOP, window=window)).moments
        start, end = passage_in(curve, label)
        errors.append(max(abs(start - borders[0]), abs(end - borders[1])))
        print(
            f"{speaker} {label}: {borders[0]:.2f} to {borders[1]:.2f} s, found {start:.2f} to {end:.2f}, "
            f"off by {errors[-1]:.2f}",
            flush=True,
        )
    within = sum(one <= ALLOWED for one in errors)
    print(f"{within} of {len(errors)} passages within {ALLOWED} s; median {np.median(errors):.2f} (synthetic speech)")
    return within > len(errors) / 2


def recognised(recognizer: EmotionRecognizer, utterances: Sequence[Utterance]) -> list[Utterance]:
    """Those whose label the model finds when it is given each by itself, as it was trained."""
    answers = recognizer.predict_each(utterances, stop_at_failure=True)
    return [one for one, answer in zip(utterances, answers, strict=True) if answer.label == one.label]


def passages(utterances: Sequence[Utterance]) -> Iterator[tuple[str, str, list[Utterance], tuple[float, float]]]:
    """Who, which emotion, the turns one after the other, and where in them the emotional ones begin and end."""
    for speaker in sorted({one.speaker for one in utterances}):
        own = [one for one in utterances if one.speaker == speaker and not one.scripted]
        neutral = [one for one in own if one.label == "neutral"]
        for label in ("angry", "happy", "sad"):
            before = enough(neutral, AROUND)
            within = enough([one for one in own if one.label == label], WITHIN)
            after = enough([one for one in neutral if one not in before], AROUND)
            start = sum(map(duration, before))
            yield speaker, label, [*before, *within, *after], (start, start + sum(map(duration, within)))


def enough(turns: Sequence[Utterance], seconds: float) -> list[Utterance]:
    """As many of the turns as last so long."""
    chosen, lasting = [], 0.0
    for turn in turns:
        if lasting >= seconds:
            break
        chosen.append(turn)
        lasting += duration(turn)
    return chosen


def written(path: Path, turns: Sequence[Utterance]) -> Segment:
    """Writes the turns as a 44.1 kHz stereo mp3; returns them as one segment, words spread evenly over each turn."""
    samples = soxr.resample(np.concatenate([read(turn) for turn in turns]), SAMPLING_RATE, 44_100)
    soundfile.write(path, np.stack([samples, samples], axis=1), 44_100, format="MP3")
    words, now = [], 0.0
    for turn in turns:
        spoken = re.findall(r"\S+", turn.transcript or "")
        times = np.linspace(now, now + duration(turn), len(spoken) + 1)
        words += [Word(text=w, start=s, end=e) for w, s, e in zip(spoken, times, times[1:])]
        now += duration(turn)
    return with_words(Segment(start=0.0, end=now), words)


def passage_in(curve: Sequence[Moment], label: str) -> tuple[float, float]:
    """From where to where the emotion outweighs neutral: the greatest sum of its probability less neutral's."""
    gains = np.array([one.probabilities[label] - one.probabilities["neutral"] for one in curve])
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    lowest = np.minimum.accumulate(sums)
    last = int(np.argmax(sums - lowest))
    first = int(np.flatnonzero(sums[: last + 1] == lowest[last])[-1])
    return (curve[first].time - HOP / 2, curve[last - 1].time + HOP / 2) if last > first else (0.0, 0.0)


def read(utterance: Utterance) -> np.ndarray:
    """The turn's sound, a few milliseconds shorter than the file where that does not end on a sample."""
    return read_audio(utterance.audio, start=utterance.start, end=utterance.end)


def duration(utterance: Utterance) -> float:
    """Seconds of what `read` gives."""
    return len(read(utterance)) / SAMPLING_RATE


if __name__ == "__main__":
    sys.exit(main())
