"""The silent corpus has every published count of IEMOCAP at once, as a parser of a few lines finds them on disk.

The figures are typed anew here, so that a slip in the generator's own table shows.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile

from emoduet.corpora.synthetic import write_iemocap_shape
from emoduet.corpora.synthetic.shape import published_cells
from emoduet.corpora.synthetic.silence import plan_silence
from emoduet.errors import InputError


@dataclass(frozen=True)
class Turn:
    id: str
    code: str

    @property
    def session(self) -> str:
        return self.id[4]

    @property
    def speaker(self) -> str:
        return self.session + self.id.split("_")[-1][0]

    @property
    def recording(self) -> str:
        return self.id[4:6]

    @property
    def scenario(self) -> str:
        return re.search(r"_((?:impro|script)\d\d)", self.id)[1]

    @property
    def happy_merged(self) -> str:
        return "hap" if self.code == "exc" else self.code


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("shape") / "corpus"
    assert write_iemocap_shape(out) is True
    return out


@pytest.fixture(scope="module")
def turns(corpus) -> list[Turn]:
    return [
        Turn(turn_id, code)
        for path in corpus.glob("Session?/dialog/EmoEvaluation/Ses*.txt")
        for turn_id, code in re.findall(r"^\[.+?\]\t(\S+)\t(\w{3})\t\[", path.read_text(), re.MULTILINE)
    ]


@pytest.fixture(scope="module")
def four_class(turns) -> list[Turn]:
    return [turn for turn in turns if turn.code in {"ang", "hap", "exc", "neu", "sad"}]


def table(text: str) -> dict[tuple[str, str], int]:
    """A table as one writes it: a head of column names, then rows of a name and numbers."""
    head, *rows = [line.split() for line in text.strip().splitlines()]
    return {(row[0], column): int(number) for row in rows for column, number in zip(head, row[1:], strict=True)}


def test_there_are_151_dialogues_by_session(corpus):
    counts = [len(list(corpus.glob(f"Session{n}/dialog/EmoEvaluation/Ses*.txt"))) for n in range(1, 6)]
    assert counts == [28, 30, 32, 30, 31]
    names = {path.stem for path in corpus.glob("Session?/dialog/EmoEvaluation/Ses*.txt")}
    assert {"Ses05M_script01_1b", "Ses05M_script01_1", "Ses03F_impro05a", "Ses03M_impro05b"} <= names


def test_all_turns_by_code(turns):
    assert len({turn.id for turn in turns}) == len(turns) == 10_039
    counts = Counter(turn.code for turn in turns)
    assert counts.pop("dis") + counts.pop("oth") == 5
    assert counts == {
        **{"neu": 1708, "fru": 1849, "xxx": 2507, "ang": 1103, "sad": 1084},
        **{"exc": 1041, "hap": 595, "sur": 107, "fea": 40},
    }


def test_all_turns_by_type_sex_and_session(turns):
    assert Counter(turn.scenario[:-2] for turn in turns) == {"script": 5255, "impro": 4784}
    assert Counter(turn.speaker[1] for turn in turns) == {"M": 5098, "F": 4941}
    recordings = Counter(turn.recording for turn in turns)
    assert recordings["4M"] == 998
    assert recordings["5F"] + recordings["5M"] == 2170


def test_four_classes_by_session_and_code(four_class):
    assert Counter((turn.session, turn.code) for turn in four_class) == table("""
            ang hap exc neu sad
        1   229 135 143 384 194
        2   137 117 210 362 197
        3   240 135 151 320 305
        4   327  65 238 258 143
        5   170 143 299 384 245
    """)


def test_four_classes_by_speaker_and_class(four_class):
    assert len(four_class) == 5531
    assert Counter((turn.speaker, turn.happy_merged) for turn in four_class) == table("""
            ang hap neu sad
        1F  147 132 171  78
        1M   82 146 213 116
        2F   67 166 135 113
        2M   70 161 227  84
        3F   92 128 130 172
        3M  148 158 190 133
        4F  205 185  76  62
        4M  122 118 182  81
        5F   78 159 221 132
        5M   92 283 163 113
    """)


def test_four_classes_by_type_and_code(four_class):
    assert Counter((turn.scenario[:-2], turn.code) for turn in four_class) == table("""
                neu exc sad ang hap
        impro  1099 663 608 289 284
        script  609 378 476 814 311
    """)


def test_four_classes_by_scenario(four_class):
    assert Counter(turn.scenario for turn in four_class) == {
        **{"script01": 981, "script02": 751, "script03": 856, "impro01": 126, "impro02": 277, "impro03": 481},
        **{"impro04": 313, "impro05": 403, "impro06": 431, "impro07": 585, "impro08": 327},
    }


def test_four_classes_by_recording_are_what_the_wrong_speaker_gives(four_class):
    assert Counter(turn.recording for turn in four_class) == {
        **{"1F": 507, "1M": 578, "2F": 505, "2M": 518, "3F": 536},
        **{"3M": 615, "4F": 553, "4M": 478, "5F": 644, "5M": 597},
    }


def test_transcriptions_have_10087_rows_and_every_labelled_turn_is_among_them(corpus, turns):
    texts = [path.read_bytes().decode() for path in corpus.glob("Session?/dialog/transcriptions/Ses*.txt")]
    ids = [row.split(" ")[0] for text in texts for row in text.splitlines() if row.startswith("Ses")]
    assert len(ids) == 10_087
    assert {turn_id for turn_id in ids if "XX" not in turn_id} == {turn.id for turn in turns}
    assert {"\r\n" in text for text in texts} == {True, False}


def test_every_turn_has_a_short_silent_wav(corpus, turns):
    wavs = {path.stem: path for path in corpus.glob("Session?/sentences/wav/*/Ses*.wav")}
    assert set(wavs) == {turn.id for turn in turns}
    for turn in turns[::200]:
        samples, rate = soundfile.read(wavs[turn.id])
        assert rate == 16_000
        assert 1600 <= len(samples) < 4800
        assert not samples.any()


def test_debris_is_planted_here_too(corpus):
    assert len(list(corpus.glob("Session?/dialog/EmoEvaluation/._Ses*.txt"))) == 151
    assert len(list(corpus.glob("Session?/dialog/EmoEvaluation/*/*.txt"))) == 4 * 151


def test_scripted_lines_repeat_across_sessions_and_improvised_ones_never():
    sessions: dict[str, set[int]] = {}
    improvised = []
    for dialogue in plan_silence(0):
        for turn in dialogue.turns:
            if dialogue.scene.startswith("script"):
                sessions.setdefault(turn.line.spoken, set()).add(dialogue.session)
            else:
                improvised.append(turn.line.spoken)
    assert len(improvised) == len(set(improvised)) == 4784
    assert sessions.keys().isdisjoint(improvised)
    assert sum(len(found) == 5 for found in sessions.values()) > 200


def test_the_assignment_is_the_same_at_every_call():
    assert published_cells() == published_cells()


def test_record_and_readme_say_what_this_is(corpus):
    record = json.loads((corpus / "Documentation" / "synthetic.json").read_text())
    assert record["parameters"] == {"kind": "silence in the shape of IEMOCAP", "seed": 0}
    assert record["note"] == "Neither words nor sound tell of the labels here."
    assert (corpus / "README.txt").read_text().startswith("This is synthetic and means nothing about people.")


def test_asked_again_it_writes_nothing(corpus):
    assert write_iemocap_shape(corpus) is False


def test_a_negative_seed_is_refused(tmp_path):
    with pytest.raises(InputError, match="--seed -2: need a whole number"):
        write_iemocap_shape(tmp_path / "out", seed=-2)
