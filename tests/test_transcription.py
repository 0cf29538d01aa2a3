"""Words from sound: a tiny Whisper through the true path, real speech, and every way in which weights can be absent."""

import json
import shutil
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError
from small_encoders import save_audio_encoder
from sounds import noise, sine
from tiny_whisper import NUM_WORDS, tiny_whisper

from emoduet.audio import SAMPLING_RATE, read_audio
from emoduet.errors import InputError, UsageError
from emoduet.transcription import DECODING, Recognised, Recogniser
from emoduet.types import Word

SPEECH = Path(__file__).parents[1].parent / "shared" / "data" / "speech-samples"
SAMPLES = ["ami_headset_40-46s.wav", "librispeech_2412-153948-0001.flac", "ljspeech_LJ002-0020.wav", "spk1_snt1.wav"]
SAMPLES += ["spk1_snt2.wav", "spk2_snt1.wav", "spk2_snt2.wav"]
needs_asr = pytest.mark.skipif(find_spec("faster_whisper") is None, reason="the extra asr is not installed")
needs_speech = pytest.mark.skipif(not SPEECH.exists(), reason="the speech samples are not beside this checkout")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="module")
def recogniser(folder) -> Recogniser:
    return Recogniser.load(folder)


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return read_audio(SPEECH / "jfk.flac")


@pytest.fixture
def broken(folder, tmp_path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "broken"))


class InventedWhisper:
    """Says what it is told, and notices when it is asked twice at the same time."""

    supported_languages = ["en", "de"]

    def __init__(self, *segments: list[tuple[str, float, float]], error: Exception | None = None) -> None:
        self.segments, self.error, self.busy, self.met, self.asked = segments, error, False, False, {}

    def transcribe(self, samples: np.ndarray, **options: object) -> tuple[list[SimpleNamespace], SimpleNamespace]:
        self.met |= self.busy
        self.busy, self.asked = True, options
        time.sleep(0.01)
        self.busy = False
        if self.error:
            raise self.error
        segments = [
            SimpleNamespace(
                text="".join(word for word, _, _ in segment),
                compression_ratio=1.0,
                words=[SimpleNamespace(word=word, start=start, end=end) for word, start, end in segment],
            )
            for segment in self.segments
        ]
        return segments, SimpleNamespace(language=options["language"] or "de", language_probability=0.75)

    detect_language = transcribe


# What it says


@needs_asr
@needs_speech
def test_words_of_real_speech_have_times_within_the_sound(recogniser, speech):
    found = recogniser.transcribe(speech)
    assert len(found.words) == NUM_WORDS and found.transcript == " ".join(word.text for word in found.words)
    assert all(word.text.startswith("word") for word in found.words)
    assert all(0 <= word.start <= word.end <= 11.0 for word in found.words)
    starts = [word.start for word in found.words]
    assert starts == sorted(starts) and starts[-1] > starts[0]
    assert found.language in recogniser.languages and 0 < found.language_probability <= 1


@needs_asr
@needs_speech
def test_another_sound_has_other_words(recogniser, speech):
    another = read_audio(SPEECH / SAMPLES[0])
    assert recogniser.transcribe(speech).transcript != recogniser.transcribe(another).transcript


@needs_asr
@needs_speech
def test_same_sound_same_words_whenever_and_from_whichever_load(folder, recogniser, speech):
    found = recogniser.transcribe(speech)
    recogniser.transcribe(speech[:32_000])
    assert recogniser.transcribe(speech) == found == Recogniser.load(str(folder), device="cpu").transcribe(speech)


@needs_asr
@needs_speech
def test_words_are_the_library_s(folder, recogniser, speech):
    from faster_whisper import WhisperModel

    segments, info = WhisperModel(str(folder), "cpu", compute_type="int8").transcribe(speech, **DECODING)
    expected = [(word.word.strip(), word.start, word.end) for segment in segments for word in segment.words]
    found = recogniser.transcribe(speech)
    assert [(word.text, word.start, word.end) for word in found.words] == expected
    assert (found.language, found.language_probability) == (info.language, info.language_probability)


@needs_asr
@needs_speech
def test_an_offset_moves_every_word(recogniser, speech):
    here, there = recogniser.transcribe(speech), recogniser.transcribe(speech, 100.0)
    assert (here.transcript, here.language) == (there.transcript, there.language)
    assert [(word.start + 100, word.end + 100) for word in here.words] == [
        (word.start, word.end) for word in there.words
    ]


def test_words_are_placed_within_the_sound():
    """Two seconds of sound from 10 s on: a word before it, one across its end, one behind it, one that ends before it
    begins, and an empty one."""
    model = InventedWhisper(
        [(" Oh", -0.5, 0.5), (" no,", 1.5, 2.5)], [(" no.", 2.5, 3.0), (" ", 1.0, 1.1), (" Ja", 1.0, 0.5)]
    )
    assert Recogniser(model).transcribe(np.zeros(32_000), 10.0) == Recognised(
        words=(
            Word(text="Oh", start=10.0, end=10.5),
            Word(text="no,", start=11.5, end=12.0),
            Word(text="no.", start=12.0, end=12.0),
            Word(text="Ja", start=11.0, end=11.0),
        ),
        transcript="Oh no, no.  Ja",
        language="de",
        language_probability=0.75,
    )


@needs_asr
@pytest.mark.parametrize("num_samples", [0, 1, 159, 400, 160_000])
def test_silence_has_no_words(recogniser, num_samples):
    found = recogniser.transcribe(np.zeros(num_samples, dtype=np.float32))
    assert (found.words, found.transcript) == ((), "")


@needs_asr
def test_noise_and_tones_have_no_words(recogniser):
    assert recogniser.transcribe(noise(SAMPLING_RATE, 5.0, 1)[:, 0]).words == ()
    assert recogniser.transcribe(sine(SAMPLING_RATE, duration=5.0)[:, 0]).words == ()


@needs_asr
@needs_speech
@pytest.mark.parametrize("name", SAMPLES)
def test_short_turns_of_real_speech_have_words(recogniser, name):
    """What a detector that hears a turn from its first sample on takes for silence must not be lost."""
    samples = read_audio(SPEECH / name)
    assert recogniser.transcribe(samples).words
    middle = len(samples) // 2
    assert recogniser.transcribe(samples[middle - 6_400 : middle + 6_400]).words


@needs_asr
@needs_speech
def test_more_than_thirty_seconds(recogniser, speech):
    words = recogniser.transcribe(np.tile(speech, 4)).words
    assert len(words) == 2 * NUM_WORDS and words[0].start < 30 <= words[-1].end <= 44


# Language


@needs_asr
@needs_speech
def test_a_language_that_is_told_is_not_detected(folder, recogniser, speech):
    told = Recogniser.load(folder, language="de").transcribe(speech)
    assert (told.language, told.language_probability) == ("de", 1.0)
    assert recogniser.transcribe(speech, language="de") == told
    assert recogniser.transcribe(speech).language_probability < 1


def test_the_language_of_a_sound_goes_before_that_of_all():
    recogniser = Recogniser(InventedWhisper(), "en")
    assert recogniser.transcribe(np.zeros(10), language="de").language == "de"
    assert recogniser.transcribe(np.zeros(10)).language == "en"


@needs_asr
@needs_speech
def test_language_of_speech(recogniser, speech):
    found = recogniser.transcribe(speech)
    assert recogniser.language_of(speech) == pytest.approx((found.language, found.language_probability))


def test_whisper_for_english_detects_nothing():
    model = InventedWhisper()
    model.supported_languages = ["en"]
    assert Recogniser(model).language_of(np.zeros(10)) == ("en", 1.0)


@pytest.mark.parametrize("language", ["", "EN", "english", "xx"])
def test_unknown_languages(language):
    message = rf"^language {language}: this Whisper does not know it; give one of its 2 codes, such as en, de, or none"
    with pytest.raises(UsageError, match=message):
        Recogniser(InventedWhisper(), language)
    with pytest.raises(UsageError, match=message):
        Recogniser(InventedWhisper()).transcribe(np.zeros(10), language=language)


# Threads and failures


def test_threads_wait_for_each_other():
    model = InventedWhisper([(" Oh", 0.0, 0.5)])
    recogniser = Recogniser(model)
    threads = [threading.Thread(target=recogniser.transcribe, args=[np.zeros(16_000)]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not model.met


@pytest.mark.parametrize(("deed", "what"), [("transcribe", "0.5 s from 0.0 s on"), ("language_of", "the language")])
def test_what_ctranslate2_raises_has_advice(deed, what):
    recogniser = Recogniser(InventedWhisper(error=RuntimeError("CUDA failed with error out of memory")))
    message = rf"^speech recognition of {what} failed \(CUDA failed with error out of memory\); try a smaller model"
    for _ in range(2):  # the lock is free again
        with pytest.raises(InputError, match=message):
            getattr(recogniser, deed)(np.zeros(8_000))


@pytest.mark.parametrize("deed", ["transcribe", "language_of"])
def test_sound_that_cannot_be_heard(deed):
    with pytest.raises(InputError, match="sample 1 is nan"):
        getattr(Recogniser(InventedWhisper()), deed)(np.array([0.0, np.nan]))


# Weights


@needs_asr
@pytest.mark.parametrize("name", ["tiny", "somebody/whisper-ct2"])
def test_names_are_fetched_from_the_hub(folder, monkeypatch, name):
    asked = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **_: asked.append(name) or str(folder))
    assert len(Recogniser.load(name).languages) > 90
    assert asked == ["Systran/faster-whisper-tiny" if name == "tiny" else name]


@needs_asr
@pytest.mark.parametrize(
    "error",
    [
        LocalEntryNotFoundError("Cannot find a snapshot\nand more"),
        RepositoryNotFoundError("Cannot find a snapshot", response=SimpleNamespace(headers={}, request=None)),
        ConnectionError("Cannot find a snapshot"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    ("name", "repository", "folder"),
    [
        ("small", "Systran/faster-whisper-small", "faster-whisper-small"),
        ("turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", "faster-whisper-large-v3-turbo"),
        ("somebody/ct2", "somebody/ct2", "ct2"),
    ],
)
def test_without_weights_or_hub_the_command_is_told(monkeypatch, error, name, repository, folder):
    def unreachable(name, **options):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(InputError) as caught:
        Recogniser.load(name)
    assert str(caught.value) == (
        f"{name}: the weights of {repository} are neither here nor reachable on the hub (Cannot find a snapshot). On a "
        f"machine with access run `hf download {repository} --local-dir {folder}`, copy the folder here and give it "
        f"instead of the name: --asr {folder}"
    )


@needs_asr
def test_the_hub_s_own_answer_when_offline(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"^small: the weights of Systran/faster-whisper-small are neither here nor"):
        Recogniser.load("small")


@needs_asr
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./nowhere", r"^./nowhere: no such folder; want one with Whisper in CTranslate2's format \(model.bin, "),
        ("a/b/c", r"^a/b/c: no such folder"),
        (__file__, r"test_transcription.py: no such folder"),
        ("huge", r"^huge: neither a folder nor a size of Whisper; the sizes are tiny.en, tiny, .*named owner/name"),
        ("owner/na me", r"^owner/na me: the weights of owner/na me are neither here nor reachable"),
    ],
)
def test_names_of_nothing(name, message):
    with pytest.raises(InputError, match=message):
        Recogniser.load(name)


@needs_asr
def test_whisper_of_transformers_is_told_how_to_convert(folder, monkeypatch):
    saved = folder.parent / "transformers"
    command = (
        "`ct2-transformers-converter --model {} --output_dir NEW --copy_files tokenizer.json preprocessor_config.json"
    )
    with pytest.raises(InputError) as caught:
        Recogniser.load(saved)
    assert command.format(saved) in str(caught.value) and str(caught.value).endswith("give NEW: --asr NEW")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(saved))
    with pytest.raises(InputError) as caught:
        Recogniser.load("openai/whisper-tiny")
    assert command.format("openai/whisper-tiny") in str(caught.value)


@needs_asr
def test_folders_of_something_else(tmp_path):
    save_audio_encoder(tmp_path / "hubert", "hubert")
    (tmp_path / "empty").mkdir()
    for name in ("hubert", "empty"):
        with pytest.raises(
            InputError, match=rf"{name}: no model.bin; want Whisper in CTranslate2's format, such as the"
        ):
            Recogniser.load(tmp_path / name)


@needs_asr
@pytest.mark.parametrize("name", ["tokenizer.json", "config.json"])
@pytest.mark.parametrize("content", [None, b"", b"[1]", b"\xff"])
def test_files_beside_the_weights_are_needed(broken, name, content):
    """Without its tokenizer the library would ask the hub for another one."""
    (broken / name).unlink()
    if content is not None:
        (broken / name).write_bytes(content)
    with pytest.raises(
        InputError, match=rf"broken: {name} is missing or damaged; copy it from where model.bin came from"
    ):
        Recogniser.load(broken)


@needs_asr
def test_truncated_weights(broken):
    weights = broken / "model.bin"
    weights.write_bytes(weights.read_bytes()[:50_000])
    with pytest.raises(
        InputError, match=r"broken: CTranslate2 does not load it as Whisper \(.*\); copy the folder again"
    ):
        Recogniser.load(broken)


@needs_asr
def test_weights_without_a_vocabulary(broken):
    next(broken.glob("vocabulary.*")).unlink()
    with pytest.raises(
        InputError, match=r"broken: CTranslate2 does not load it as Whisper \(Cannot load the vocabulary"
    ):
        Recogniser.load(broken)


@needs_asr
@pytest.mark.parametrize("settings", [{"feature_size": 128}, {"feature_size": 40}])
def test_another_number_of_mel_bands(broken, settings):
    """As where a large-v3 has lost its preprocessor_config.json."""
    (broken / "preprocessor_config.json").write_text(json.dumps(settings))
    message = (
        f"the weights want 80 mel bands, preprocessor_config.json gives {settings['feature_size']}; copy that file"
    )
    with pytest.raises(InputError, match=message):
        Recogniser.load(broken)


# Devices


@needs_asr
@pytest.mark.parametrize(
    ("device", "num_gpus", "types", "expected"),
    [
        (None, 0, {"int8", "float32"}, ("cpu", 0, "int8")),
        (None, 2, {"float16", "int8"}, ("cuda", 0, "float16")),
        ("cuda", 1, {"float16", "int8"}, ("cuda", 0, "float16")),
        ("cuda:1", 2, {"float32"}, ("cuda", 1, "auto")),
        ("cpu", 2, {"float32"}, ("cpu", 0, "auto")),
        ("mps", 0, {"int8"}, ("cpu", 0, "int8")),
    ],
)
def test_devices(folder, monkeypatch, device, num_gpus, types, expected):
    loaded = []

    def load(path, device, *, device_index, compute_type):
        loaded.append((device, device_index, compute_type))
        extractor = SimpleNamespace(mel_filters=np.zeros((80, 201)))
        return SimpleNamespace(
            model=SimpleNamespace(n_mels=80), feature_extractor=extractor, supported_languages=["en"]
        )

    monkeypatch.setattr("faster_whisper.WhisperModel", load)
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: num_gpus)
    monkeypatch.setattr("ctranslate2.get_supported_compute_types", lambda kind, index: types)
    Recogniser.load(folder, device=device)
    assert loaded == [expected]


@needs_asr
@pytest.mark.parametrize("device", ["cuda:1", "tpu", "cuda:x"])
def test_devices_that_there_are_not(folder, monkeypatch, device):
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    with pytest.raises(
        UsageError, match=f"^device {device}: speech recognition finds cuda:0, cpu on this machine; use"
    ):
        Recogniser.load(folder, device=device)


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(
        InputError, match=r"speech recognition needs faster-whisper \(.*\): pip install 'emoduet\[asr\]'"
    ):
        Recogniser.load("small")
