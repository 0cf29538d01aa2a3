"""Reads the released IEMOCAP folder: every labelled turn with its words, raters, times and its true speaker.

The tree is read as it is shipped; its traps (docs/corpora.md lists them) are handled here and in the grammar beside
this file. Of sound files only the header is read: `emoduet corpus check --audio` decodes them. Video, motion capture
and forced alignment are left alone.
"""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from emoduet.corpora.iemocap_evaluation import (
    Turn,
    TurnName,
    dialogue_session,
    read_transcripts,
    read_turns,
    turn_name,
    without_tags,
)
from emoduet.corpora.reading import Reading
from emoduet.corpora.wav_header import wav_fault
from emoduet.errors import CorpusError, InputError
from emoduet.labels import IEMOCAP_CATEGORIES, PAPER_LABELS, LabelSet
from emoduet.problems import Problems
from emoduet.types import Utterance

RELEASE = "IEMOCAP_full_release"
SYNTHETIC_NOTICE = "Documentation/synthetic.json"
"""Stands in a corpus of this layout that was not recorded from people; its utterances are marked as such."""
NUM_SESSIONS = 5
"""Of the release; a synthetic corpus may have any number."""
FOLDERS = {"evaluations": "dialog/EmoEvaluation", "transcripts": "dialog/transcriptions", "audio": "sentences/wav"}
ADVICE = "Copy these files again from the release, or use --lenient to leave such turns out and count them."


@dataclass
class _Account:
    """What one reading has found so far."""

    labels: LabelSet
    strip_tags: bool
    synthetic: bool
    problems: Problems = field(default_factory=Problems)
    oddities: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    seen: dict[str, str] = field(default_factory=dict)
    utterances: list[Utterance] = field(default_factory=list)


@dataclass(frozen=True)
class _Dialogue:
    """One dialogue's files: the labelled turns, the words by turn, and the sound files by turn."""

    evaluation: Path
    transcript: Path
    turns: list[Turn]
    words: Mapping[str, str]
    audio: Mapping[str, Path]


def read_iemocap(
    root: Path | str, *, labels: LabelSet = PAPER_LABELS, lenient: bool = False, strip_tags: bool = False
) -> Reading:
    """Reads IEMOCAP from its release folder, or from the folder that holds it.

    The utterances stand in the order of sessions, dialogues and evaluation files. `audio` is the turn's own file, so
    start and end are None; the times within the dialogue's recording stand in `extra`. Turns whose category is
    outside `labels` are skipped and counted.

    Args:
        lenient: leave out what is missing or contradicts itself and name it in `warnings`, instead of raising.
        strip_tags: take `[LAUGHTER]` and its like out of the transcripts.

    Raises:
        InputError: `labels` maps something that is no IEMOCAP category.
        CorpusError: the folder is not IEMOCAP, or not lenient and something is missing or inconsistent.
    """
    unknown = sorted(set(labels.mapping) - set(IEMOCAP_CATEGORIES))
    if unknown:
        raise InputError(f"label map: {unknown} are no IEMOCAP categories; those are {sorted(IEMOCAP_CATEGORIES)}")
    release = _find_release(Path(root))
    account = _Account(labels, strip_tags, synthetic=(release / SYNTHETIC_NOTICE).is_file())
    for number in range(1, max(_sessions(release) + ([] if account.synthetic else [NUM_SESSIONS])) + 1):
        _read_session(release / f"Session{number}", f"Ses{number:02d}", account)
    if not lenient:
        account.problems.raise_if_any(release, ADVICE)
    if not account.utterances:
        raise CorpusError(f"{release}: no turn with a label of {sorted(labels.mapping)}; is the release complete?")
    return Reading(
        utterances=account.utterances,
        skipped={cause: count for cause, count in sorted(account.skipped.items()) if count},
        warnings=[*account.problems.lines, *account.oddities],
    )


def _find_release(root: Path) -> Path:
    for folder in (root, root / RELEASE):
        if _sessions(folder):
            return folder
    held = sorted(entry.name for entry in root.iterdir())[:10] if root.is_dir() else "no such folder"
    raise CorpusError(f"{root}: got {held}; want the folder {RELEASE} with Session1 to Session5, or its parent")


def _sessions(folder: Path) -> list[int]:
    digits = (entry.name.removeprefix("Session") for entry in folder.glob("Session*") if entry.is_dir())
    return sorted(int(number) for number in digits if number.isdecimal())


def _read_session(folder: Path, session: str, account: _Account) -> None:
    if not folder.is_dir():
        account.problems.add(f"{folder}: no such folder; want every session from Session1 on")
        return
    absent = [name for name in FOLDERS.values() if not (folder / name).is_dir()]
    for name in absent:
        account.problems.add(f"{folder / name}: no such folder")
    if absent:
        return
    evaluations = _files(folder / FOLDERS["evaluations"], ".txt", account)
    transcripts = _files(folder / FOLDERS["transcripts"], ".txt", account)
    sound = {entry.name for entry in (folder / FOLDERS["audio"]).iterdir() if entry.is_dir()}
    dialogues = evaluations.keys() | transcripts.keys() | {name for name in sound if not name.startswith(".")}
    if not dialogues:
        account.problems.add(f"{folder}: got no dialogue in its folders; want at least one")
    for name in sorted(dialogues):
        if name not in evaluations:
            account.problems.add(f"{folder / FOLDERS['evaluations'] / name}.txt: no such file, so {name} has no labels")
        elif name not in transcripts:
            account.problems.add(f"{folder / FOLDERS['transcripts'] / name}.txt: no such file, so {name} has no words")
        elif dialogue_session(name) != session:
            account.problems.add(f"{evaluations[name]}: got a dialogue named {name!r}; want one of {session}")
        else:
            audio = _files(folder / FOLDERS["audio"] / name, ".wav", account)
            _read_dialogue(evaluations[name], transcripts[name], audio, account)


def _files(folder: Path, suffix: str, account: _Account) -> dict[str, Path]:
    """The files of a folder by their stem, hidden ones, sub-folders and other kinds counted and passed over."""
    found = {}
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.name.startswith("."):
            account.skipped["hidden files"] += 1
        elif entry.is_dir():
            account.skipped[f"sub-folders of {folder.name}"] += 1
        elif entry.suffix.lower() == suffix:
            found[entry.stem] = entry
        else:
            account.skipped[f"files that are not {suffix}"] += 1
    return found


def _read_dialogue(evaluation: Path, transcript: Path, audio: dict[str, Path], account: _Account) -> None:
    turns, faults, oddities = read_turns(_text_of(evaluation, account))
    account.problems.lines += [f"{evaluation}:{fault}" for fault in faults]
    account.oddities += [f"{evaluation}:{oddity}" for oddity in oddities]
    dialogue = _Dialogue(evaluation, transcript, turns, _words_of(transcript, account), audio)
    names = {turn.name for turn in turns}
    account.skipped["numbered turns without a label"] += len(dialogue.words.keys() - names)
    account.skipped["wav files without a label"] += len(audio.keys() - names)
    account.problems.lines += _sound_nobody_describes(dialogue, names)
    for turn in turns:
        _add_turn(turn, dialogue, account)


def _sound_nobody_describes(dialogue: _Dialogue, labelled: Set[str]) -> list[str]:
    """Sound files named like a labelled turn that has neither label nor words: lines were lost, or a file strayed."""
    wanted = f"a label in {dialogue.evaluation.name} or a line in {dialogue.transcript}"
    return [
        f"{path}: got a sound file of a numbered turn; want {wanted}"
        for turn, path in dialogue.audio.items()
        if turn not in labelled and turn not in dialogue.words and (name := turn_name(turn)) and name.labelled
    ]


def _words_of(path: Path, account: _Account) -> dict[str, str]:
    lines, notes, faults = read_transcripts(_text_of(path, account))
    account.skipped["transcript lines that belong to no turn"] += notes
    account.problems.lines += [f"{path}:{fault}" for fault in faults]
    words: dict[str, str] = {}
    for number, turn, said in lines:
        name = turn_name(turn)
        if name is None:
            account.problems.add(f"{path}:{number}: got the turn {turn!r}; want a name like Ses01F_impro01_M000")
        elif not name.labelled:
            account.skipped["transcript lines of unlabelled turns (FXX, MXX)"] += 1
        elif turn in words:
            account.problems.add(f"{path}:{number}: the turn {turn!r} a second time; want each once")
        else:
            words[turn] = said
    return words


def _text_of(path: Path, account: _Account) -> str:
    """The file's text; bytes that are not UTF-8 are replaced and named, for they sit in comments and words alone."""
    try:
        data = path.read_bytes()
    except OSError as error:
        account.problems.add(f"{path}: cannot be read ({error.strerror})")
        return ""
    if not data.strip():
        account.problems.add(f"{path}: empty; want one line or block a turn")
    text = data.decode("utf-8-sig", errors="replace")
    if "\ufffd" in text:
        account.oddities.append(f"{path}: bytes that are not UTF-8, replaced by \ufffd")
    return text


def _add_turn(turn: Turn, dialogue: _Dialogue, account: _Account) -> None:
    """Adds one turn, or notes why it cannot be used, or counts it as outside the study."""
    name = turn_name(turn.name)
    fault = _fault_of(turn, name, dialogue, account.seen)
    if fault is not None:
        account.problems.add(f"{dialogue.evaluation}:{turn.line}: {turn.name}: {fault}")
        return
    account.seen[turn.name] = f"{dialogue.evaluation.name}:{turn.line}"
    label = account.labels.class_of(turn.category)
    if label is None:
        account.skipped[f"label outside the study: {turn.category} ({IEMOCAP_CATEGORIES[turn.category]})"] += 1
        return
    words = dialogue.words[turn.name]
    transcript = without_tags(words) if account.strip_tags else words
    mark = {"synthetic": True} if account.synthetic else {}
    account.utterances.append(_utterance(turn, name, dialogue.audio[turn.name], transcript, label, mark))


def _fault_of(turn: Turn, name: TurnName | None, dialogue: _Dialogue, seen: Mapping[str, str]) -> str | None:
    if name is None or name.dialogue != dialogue.evaluation.stem:
        return f"got this name; want a turn of {dialogue.evaluation.stem}, such as {dialogue.evaluation.stem}_F000"
    if turn.name in seen:
        return f"a second time, first at {seen[turn.name]}; want each turn once"
    if turn.category not in IEMOCAP_CATEGORIES:
        return f"got the category {turn.category!r}; want one of {sorted(IEMOCAP_CATEGORIES)}"
    if not 0 <= turn.start < turn.end:
        return f"got the times {turn.start} to {turn.end}; want 0 <= start < end, in seconds"
    if turn.name not in dialogue.words:
        return f"no line for it in {dialogue.transcript}"
    if turn.name not in dialogue.audio:
        return f"no sound file for it in {FOLDERS['audio']}/{name.dialogue}"
    fault = wav_fault(dialogue.audio[turn.name])
    return fault and f"its sound file {dialogue.audio[turn.name]} {fault}"


def _utterance(
    turn: Turn, name: TurnName, audio: Path, transcript: str, label: str, mark: Mapping[str, bool]
) -> Utterance:
    return Utterance(
        id=turn.name,
        audio=str(audio.absolute()),
        transcript=transcript,
        label=label,
        votes=turn.votes(),
        valence=turn.valence,
        arousal=turn.arousal,
        dominance=turn.dominance,
        session=name.session,
        dialogue=name.dialogue,
        scenario=name.scenario,
        scripted=name.scripted,
        speaker=name.speaker,
        sex=name.sex,
        extra={
            "category": turn.category,
            "part": name.part,
            "recording": name.recording,
            "dialogue_start": turn.start,
            "dialogue_end": turn.end,
            "raters": turn.raters,
            **mark,
        },
    )
