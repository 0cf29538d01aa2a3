"""What `emoduet audit` takes, as a whole process, on corpora made for it.

    python benchmarks/audit.py [--quick]

Words follow Zipf's law over 30,000 words, line lengths are lognormal (median 8 words), and half of the turns are
scripted: the same lines in all five sessions, one in three with a word changed. Of 10,000 utterances each has a wav
file of its own, of 0.3 to 1 s, and one in a hundred is a copy under a new name. 200,000 utterances are segments, of
0.05 to 0.15 s, of 200 wav files. So many are equally long that the sound of nearly every one is read. Prints a Markdown
table. --quick leaves the 200,000 out, which take 640 MB of disk.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

EMODUET = (sys.executable, "-m", "emoduet")
VOCABULARY = 30_000
RATE = 16_000
Line = dict[str, object]


def main() -> None:
    """Times the audit of 10,000 and 200,000 utterances."""
    print("| utterances | what | seconds | CPU seconds | peak memory, MB |\n|---:|---|---:|---:|---:|")
    _time_all(10_000, _write_files)
    if "--quick" not in sys.argv:
        _time_all(200_000, _write_recordings)


def _time_all(count: int, write_sounds: Callable[[np.random.Generator, Path, list[Line]], None]) -> None:
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        lines = _lines(generator, count)
        write_sounds(generator, Path(folder), lines)
        manifest = Path(folder) / "manifest.jsonl"
        manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
        for protocol, options in (("loso", ()), ("loso", ("--no-audio",)), ("script-disjoint", ("--no-audio",))):
            figures = " | ".join(_run([*EMODUET, "audit", str(manifest), "--protocol", protocol, *options]))
            print(f"| {count:,} | {' '.join([protocol, *options])} | {figures} |", flush=True)


def _lines(generator: np.random.Generator, count: int) -> list[Line]:
    half = count // 2
    scripts = _sentences(generator, half // 5)
    improvised = iter(_sentences(generator, count - half // 5 * 5))
    lines = []
    for number in range(count):
        session, turn = number % 5 + 1, number // 5
        scripted = turn < len(scripts)
        scene = f"script0{turn // 40 % 3 + 1}" if scripted else f"impro0{turn // 40 % 8 + 1}"
        lines.append(
            {
                "id": f"u{number}",
                "transcript": " ".join(_played(generator, scripts[turn]) if scripted else next(improvised)),
                "label": ("angry", "happy", "neutral", "sad")[int(generator.integers(4))],
                "session": f"Ses0{session}",
                "dialogue": f"Ses0{session}_{scene}_{turn // 40}",
                "scenario": scene,
                "scripted": scripted,
                "speaker": f"Ses0{session}{'FM'[turn % 2]}",
            }
        )
    return lines


def _sentences(generator: np.random.Generator, count: int) -> list[list[str]]:
    shares = 1 / (np.arange(VOCABULARY) + 2.7)
    lengths = np.clip(generator.lognormal(np.log(8), 0.75, count).round().astype(int), 1, 98)
    words = generator.choice(VOCABULARY, size=lengths.sum(), p=shares / shares.sum())
    ends = np.cumsum(lengths)
    return [[f"w{word}" for word in words[end - length : end]] for length, end in zip(lengths, ends, strict=True)]


def _played(generator: np.random.Generator, line: list[str]) -> list[str]:
    """As written, or with one word changed."""
    if generator.random() > 1 / 3:
        return line
    place = int(generator.integers(len(line)))
    return [*line[:place], f"w{int(generator.integers(VOCABULARY))}", *line[place + 1 :]]


def _write_files(generator: np.random.Generator, folder: Path, lines: list[Line]) -> None:
    """A file for each; every hundredth has a copy in the same session, which is five further on."""
    for number, line in enumerate(lines):
        line["audio"] = f"{number}.wav"
        noise = generator.normal(0, 0.1, RATE * generator.integers(30, 100) // 100)
        soundfile.write(folder / line["audio"], noise, RATE, subtype="PCM_16")
    for number in range(0, len(lines) - 5, 100):
        (folder / f"{number + 5}.wav").write_bytes((folder / f"{number}.wav").read_bytes())


def _write_recordings(generator: np.random.Generator, folder: Path, lines: list[Line]) -> None:
    """A file for each thousand turns of a session."""
    ends: dict[str, float] = {}
    for number, line in enumerate(lines):
        file = f"{number % 5}_{number // 5000}.wav"
        start = ends.get(file, 0.0)
        ends[file] = round(start + 0.01 * int(generator.integers(5, 15)), 2)
        line |= {"audio": file, "start": start, "end": ends[file]}
    for file, end in ends.items():
        soundfile.write(folder / file, generator.normal(0, 0.1, round(RATE * end)), RATE, subtype="PCM_16")


def _run(command: list[str]) -> tuple[str, str, str]:
    """Seconds by the clock, seconds of all cores, and peak memory in MB of a process that must end well."""
    began = time.perf_counter()
    sink = os.open(os.devnull, os.O_WRONLY)
    child = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, sink, 1)])
    _, status, usage = os.wait4(child, 0)
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(f"{' '.join(command)}: exit status {code}")
    seconds = time.perf_counter() - began
    return f"{seconds:.1f}", f"{usage.ru_utime + usage.ru_stime:.1f}", f"{usage.ru_maxrss / 1024:,.0f}"


if __name__ == "__main__":
    main()
