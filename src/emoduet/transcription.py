"""Words from sound, where nobody has written them down: faster-whisper, with the time of every word.

The weights are Whisper's in CTranslate2's format, a folder or a name of the hub; what is missing or of another format
is an error that says which command mends it. Segments are recognised one by one, without sampling and without the
words before them, so the same sound gives the same words wherever it stands. Nothing here opens a sound file, finds
speech or translates.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from emoduet.audio import SAMPLING_RATE
from emoduet.errors import InputError, UsageError
from emoduet.speech_activity import checked_samples, lacking_extra
from emoduet.types import Seconds, Word

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Word as HeardWord

DECODING = {
    "beam_size": 5,
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "word_timestamps": True,
    "vad_filter": True,
    "vad_parameters": {"threshold": 0.3},
}
"""No sampling, no words from before. Whisper invents words where nobody speaks, so it is not shown silence; what counts
as speech here is looser than where speech is looked for, so that no quiet word is lost."""

MOST_REPETITIVE = 2.4
"""Words that a compressor makes smaller than by this are a loop, which Whisper falls into; they are left out."""

BESIDE_THE_WEIGHTS = ("tokenizer.json", "config.json")
"""Files without which faster-whisper would go to the hub, or guess."""


@dataclass(frozen=True)
class Recognised:
    """What was said in one sound; without words, the language is a guess from silence.

    `language` is Whisper's code for it, such as "en"; `language_probability` is 1 where it was told.
    """

    words: tuple[Word, ...]
    transcript: str
    language: str
    language_probability: float


class Recogniser:
    """Whisper. One object serves many threads, one sound after the other.

    Args:
        language: what all sounds are in, such as "en"; None detects it anew for each, by one more pass of the encoder.

    Raises:
        UsageError: the model does not know the language.
    """

    def __init__(self, model: "WhisperModel", language: str | None = None) -> None:
        self._model = model
        self._language = self._checked(language)
        self._lock = Lock()

    @classmethod
    def load(cls, name: str | Path, *, device: str | None = None, language: str | None = None) -> "Recogniser":
        """Whisper with 8-bit weights on a CPU, and in half precision on a GPU.

        Args:
            name: a folder of Whisper in CTranslate2's format, a size ("small", "large-v3"), or a name of the hub.
            device: "cpu", "cuda" or "cuda:1"; None takes a GPU where there is one. "mps" computes on the CPU.
            language: as for the class.

        Raises:
            InputError: faster-whisper is not installed; no such folder, size or name; the hub cannot be reached; the
                folder is incomplete, damaged or not in CTranslate2's format.
            UsageError: this machine has no such device, or the model does not know the language.
        """
        model_class, device_and_index = _library(), _device(device)
        folder = _located(str(name))
        _check_folder(str(name), folder)
        return cls(_loaded(model_class, str(name), folder, *device_and_index), language)

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of all languages that it knows."""
        return tuple(self._model.supported_languages)

    def transcribe(self, samples: np.ndarray, offset: Seconds = 0.0, *, language: str | None = None) -> Recognised:
        """What is said in a sound, float [num_samples] at 16 kHz; silence has no words.

        Args:
            offset: when in the recording the sound begins; it is added to the words' times, which lie within the sound.
            language: what this sound is in; None is the language that was told at first, if any.

        Raises:
            InputError: no row of finite floats, or CTranslate2 fails, as it does when memory runs out.
            UsageError: the model does not know the language.
        """
        samples = checked_samples(samples)
        duration = len(samples) / SAMPLING_RATE
        language = self._checked(language) or self._language
        with self._computing(f"{duration:.1f} s from {offset:.1f} s on"):
            segments, info = self._model.transcribe(samples, language=language, **DECODING)
            segments = [one for one in segments if one.compression_ratio <= MOST_REPETITIVE]  # computed only now
        heard = [word for segment in segments for word in segment.words if word.word.strip()]
        return Recognised(
            words=tuple(_placed(word, offset, duration) for word in heard),
            transcript="".join(segment.text for segment in segments).strip(),
            language=info.language,
            language_probability=float(info.language_probability),
        )

    def language_of(self, samples: np.ndarray) -> tuple[str, float]:
        """The most likely language of up to 30 s of speech, and its probability; short sounds are often mistaken.

        Raises:
            InputError: as for `transcribe`.
        """
        samples = checked_samples(samples)
        if self.languages == ("en",):
            return "en", 1.0
        with self._computing("the language"):
            language, probability, _ = self._model.detect_language(samples)
        return language, float(probability)

    @contextmanager
    def _computing(self, what: str) -> Iterator[None]:
        """One thread at a time; CTranslate2 raises RuntimeError for whatever goes wrong."""
        with self._lock:
            try:
                yield
            except RuntimeError as error:
                raise InputError(
                    f"speech recognition of {what} failed ({error}); try a smaller model, or device cpu"
                ) from error

    def _checked(self, language: str | None) -> str | None:
        if language is not None and language not in self.languages:
            few = [one for one in ("en", "de", "es", "fr", "it", "ja", "pt", "zh") if one in self.languages]
            raise UsageError(
                f"language {language}: this Whisper does not know it; give one of its {len(self.languages)} codes, "
                f"such as {', '.join(few)}, or none, to have it detected"
            )
        return language


def _placed(word: "HeardWord", offset: Seconds, duration: Seconds) -> Word:
    """A word in the recording's time; Whisper pads to 30 s and may place words there."""
    start = min(max(float(word.start), 0.0), duration)
    end = min(max(float(word.end), start), duration)
    return Word(text=word.word.strip(), start=offset + start, end=offset + end)


def _library() -> "type[WhisperModel]":
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise lacking_extra("speech recognition", error) from error
    return WhisperModel


def _device(name: str | None) -> tuple[str, int]:
    """CTranslate2 knows CPUs and CUDA."""
    import ctranslate2

    present = [f"cuda:{index}" for index in range(ctranslate2.get_cuda_device_count())]
    kind, _, index = (name or (present or ["cpu"])[0]).partition(":")
    if kind in ("cpu", "mps"):
        return "cpu", 0
    if f"{kind}:{index or 0}" not in present:
        raise UsageError(
            f"device {name}: speech recognition finds {', '.join([*present, 'cpu'])} on this machine; use cpu"
        )
    return kind, int(index or 0)


def _located(name: str) -> Path:
    """The folder of the weights: itself where `name` is one, otherwise the hub's, fetched once."""
    from faster_whisper import available_models, download_model
    from faster_whisper.utils import _MODELS

    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.exists() or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise InputError(
            f"{name}: no such folder; want one with Whisper in CTranslate2's format (model.bin, config.json, "
            "tokenizer.json), or a size like small"
        )
    if "/" not in name and name not in _MODELS:
        raise InputError(
            f"{name}: neither a folder nor a size of Whisper; the sizes are {', '.join(available_models())}. A model "
            "of the hub is named owner/name"
        )
    try:
        return Path(download_model(name))
    except (OSError, ValueError) as error:
        raise InputError(_how_to_copy(name, _MODELS.get(name, name), error)) from error


def _how_to_copy(name: str, repository: str, error: Exception) -> str:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    folder = repository.rpartition("/")[2]
    return (
        f"{name}: the weights of {repository} are neither here nor reachable on the hub ({reason}). On a machine with "
        f"access run `hf download {repository} --local-dir {folder}`, copy the folder here and give it instead of "
        f"the name: --asr {folder}"
    )


def _check_folder(name: str, folder: Path) -> None:
    if not (folder / "model.bin").is_file():
        if _settings(folder / "config.json").get("model_type") == "whisper":
            raise InputError(
                f"{name}: Whisper in transformers' format; convert it once with `ct2-transformers-converter --model "
                f"{name} --output_dir NEW --copy_files tokenizer.json preprocessor_config.json --quantization float16` "
                "and give NEW: --asr NEW"
            )
        raise InputError(
            f"{name}: no model.bin; want Whisper in CTranslate2's format, such as the folder that `hf download "
            "Systran/faster-whisper-small --local-dir faster-whisper-small` makes"
        )
    for file in BESIDE_THE_WEIGHTS:
        if not _settings(folder / file):
            raise InputError(f"{name}: {file} is missing or damaged; copy it from where model.bin came from")


def _settings(path: Path) -> dict:
    """A JSON object's content; empty where there is none to be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _loaded(model_class: "type[WhisperModel]", name: str, folder: Path, device: str, index: int) -> "WhisperModel":
    import ctranslate2

    wanted = "int8" if device == "cpu" else "float16"
    has = wanted in ctranslate2.get_supported_compute_types(device, index)
    try:
        model = model_class(str(folder), device, device_index=index, compute_type=wanted if has else "auto")
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"{name}: CTranslate2 does not load it as Whisper ({error}); copy the folder again, or choose another model"
        ) from error
    wanted_bands, bands = model.model.n_mels, len(model.feature_extractor.mel_filters)
    if wanted_bands != bands:
        raise InputError(
            f"{name}: the weights want {wanted_bands} mel bands, preprocessor_config.json gives {bands}; copy that "
            "file from where model.bin came from"
        )
    return model
