"""The doctor's ears, on sounds made for each complaint."""

import numpy as np
import pytest
import soundfile

from emoduet.corpora.listening import Finding, listen
from emoduet.types import Utterance

TONE = 0.1 * np.sin(np.arange(16_000) / 20)
TIMES = {"dialogue_start": 10.0, "dialogue_end": 11.05}


@pytest.mark.parametrize(
    ("sound", "rate", "more", "found"),
    [
        (TONE, 16_000, {}, []),
        (TONE, 16_000, {"extra": TIMES}, []),
        (TONE, 16_000, {"start": 0.2, "end": 0.9}, []),
        (TONE, 8_000, {}, [("another rate", "8000 Hz; read as 16000 Hz", False)]),
        (np.stack([TONE, TONE], 1), 16_000, {}, [("several channels", "2 channels; read as their mean", False)]),
        (TONE * 0, 16_000, {}, [("silent", "largest sample 0.0e+00 of full scale; want 1e-03 or more", True)]),
        (TONE * 1000, 16_000, {}, [("clipped", "99.4% of the samples at full scale", False)]),
        (
            TONE,
            16_000,
            {"extra": TIMES | {"dialogue_end": 12.0}},
            [("not as long as annotated", "1.00 s; annotated 2.00 s", True)],
        ),
    ],
)
def test_what_is_heard(tmp_path, sound, rate, more, found):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.clip(sound, -1, 1), rate, subtype="PCM_16")
    utterance = Utterance(id="a", audio=str(path), **more)
    assert listen([utterance]) == [Finding("a", *finding) for finding in found]


@pytest.mark.parametrize(
    ("content", "more", "detail"), [(b"", {}, "a.wav"), (None, {}, "a.wav"), (TONE, {"end": 3.0}, "a.wav")]
)
def test_what_cannot_be_read_is_a_fault_and_the_rest_go_on(tmp_path, content, more, detail):
    bad, good = tmp_path / "a.wav", tmp_path / "b.wav"
    soundfile.write(good, TONE, 16_000)
    if isinstance(content, bytes):
        bad.write_bytes(content)
    elif content is not None:
        soundfile.write(bad, content, 16_000)
    seen = []
    utterances = [Utterance(id="a", audio=str(bad), **more), Utterance(id="b", audio=str(good)), Utterance(id="c")]
    [finding] = listen(utterances, progress=lambda: seen.append(1))
    assert (finding.id, finding.cause, finding.fault) == ("a", "cannot be read", True)
    assert detail in finding.detail
    assert len(seen) == 3
