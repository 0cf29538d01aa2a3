"""Reads EmoDB, the Berlin database of German acted emotions: speaker, sentence and emotion stand in each clip's name.

`03a01Fa.wav` is speaker 03, sentence a01, F for Freude (happiness), version a. **The letters are German**: F is not
fear and A is not anger. There are ten sentences and no official split.
"""

import re
from pathlib import Path

from emoduet.corpora.account import Account, account_of
from emoduet.corpora.reading import Reading
from emoduet.corpora.release_files import clips_in, not_the_release
from emoduet.labels import PAPER_LABELS, LabelSet
from emoduet.types import Utterance

CORPUS = "EmoDB"
EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
"""By the German word's first letter: Wut, Langeweile, Ekel, Angst, Freude, Trauer, neutral."""

LABEL_SETS = {
    "four": LabelSet(
        PAPER_LABELS.classes, {"anger": "angry", "happiness": "happy", "neutral": "neutral", "sadness": "sad"}
    ),
    "all": LabelSet.from_mapping({name: name for name in EMOTIONS.values()}),
}
SPEAKERS = {
    "03": "M",
    "08": "F",
    "09": "F",
    "10": "M",
    "11": "M",
    "12": "M",
    "13": "F",
    "14": "F",
    "15": "M",
    "16": "F",
}
"""The ten speakers and their sex."""

SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}

_NAME = re.compile(r"(\d\d)([ab]\d\d)([A-Z])([a-z])")


def read_emodb(root: Path | str, *, labels: LabelSet = LABEL_SETS["four"], lenient: bool = False) -> Reading:
    """Reads EmoDB from the folder that holds `wav`, or from that folder itself.

    Args:
        lenient: leave out what contradicts itself and name it in `warnings`, instead of raising.

    Raises:
        InputError: `labels` maps something that is no EmoDB label.
        CorpusError: the folder is not EmoDB, or not lenient and something is inconsistent.
    """
    root = Path(root)
    account = account_of(CORPUS, labels, EMOTIONS.values())
    for stem, path in clips_in(_wav_folder(root), account).items():
        _add_clip(stem, path, account)
    return account.reading(root, lenient=lenient)


def _wav_folder(root: Path) -> Path:
    for folder in (root / "wav", root):
        if any(_NAME.fullmatch(path.stem) for path in folder.glob("*.wav")):
            return folder
    raise not_the_release(root, "a folder wav with clips such as 03a01Fa.wav")


def _add_clip(stem: str, path: Path, account: Account) -> None:
    name = _NAME.fullmatch(stem)
    if name is None:
        account.problems.add(f"{path}: got this name; want one like 03a01Fa")
        return
    speaker, sentence, letter, version = name.groups()
    for what, got, known in (
        ("speaker", speaker, SPEAKERS),
        ("sentence", sentence, SENTENCES),
        ("emotion", letter, EMOTIONS),
    ):
        if got not in known:
            account.problems.add(f"{path}: got the {what} {got}; want one of {', '.join(known)}")
            return
    if account.can_use(path):
        utterance = Utterance(
            id=stem,
            audio=str(path.absolute()),
            transcript=SENTENCES[sentence],
            scenario=sentence,
            scripted=True,
            speaker=f"emodb-{speaker}",
            sex=SPEAKERS[speaker],
            extra={"version": version},
        )
        account.add(utterance, EMOTIONS[letter])
