"""Answers of a trained model for anybody's recordings: the public `EmotionRecognizer`.

Its answers estimate expressed emotion as raters might label it, never a person's inner state.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock

import torch
from torch.nn import functional

from emoduet.build import Model, restore_model
from emoduet.errors import EmoduetError, InputError
from emoduet.machine import INT8, Machine, check_answering, computing_in
from emoduet.quantisation import quantise
from emoduet.systems.inputs import Inputs
from emoduet.types import Failure, Prediction, Utterance

BATCH_SIZE = 8
"""Inputs answered together; no answer depends on it."""

PathLike = str | Path


class EmotionRecognizer:
    """A trained model that answers for recordings and their words; threads may share one, and take turns.

    >>> recognizer = EmotionRecognizer.load("model")                          # doctest: +SKIP
    >>> recognizer.predict("call.wav", "I told you to leave.")[0].label       # doctest: +SKIP
    'angry'
    """

    def __init__(self, model: Model, device: str | None = None, precision: str = "fp32") -> None:
        self.model = model
        self.precision = precision
        self.device = check_answering(Machine(device, precision))
        self.model.system.to(self.device).eval()
        if precision == INT8:
            quantise(model)
        self._turn = Lock()  # encoders and tokenizers change a little of themselves while they run

    @classmethod
    def load(cls, path_or_hub_id: PathLike, device: str | None = None, precision: str = "fp32") -> "EmotionRecognizer":
        """Loads a model folder, or a model repository of the hub, without the encoders it was trained from.

        Args:
            device: such as "cpu" or "cuda:1"; None takes a GPU where there is one, and the CPU for int8.
            precision: "fp32", "bf16" or "int8". Whether the model's answers survive int8 is not asked here;
                `emoduet evaluate --precision int8` tells.

        Raises:
            CheckpointError: there is no such model, or it cannot be used.
            InputError: this machine has no such device, or does not compute in this precision.
            ConfigError: int8, and an encoder of the model has no packed form.
        """
        check_answering(Machine(device, precision))
        return cls(restore_model(path_or_hub_id), device, precision)

    @property
    def classes(self) -> tuple[str, ...]:
        """The emotions the model chooses among."""
        return self.model.classes

    @property
    def hears(self) -> bool:
        """Whether it takes sound."""
        return self.model.system.hears

    @property
    def reads(self) -> bool:
        """Whether it takes words."""
        return self.model.system.reads

    def predict(
        self, audio: PathLike | Sequence[PathLike] | None = None, text: str | Sequence[str] | None = None
    ) -> list[Prediction]:
        """Every class's probability for each recording with its words, in the order given.

        Args:
            audio: one or many sound files; None for a model that only reads.
            text: the words of each; None for a model that only listens.

        Raises:
            InputError: the model needs what was not given, or the two are not equally many.
            AudioError: a file cannot be used. `predict_each` goes on past such files.
        """
        answers = list(self.predict_each(self._utterances(audio, text), stop_at_failure=True))
        return [answer for answer in answers if isinstance(answer, Prediction)]

    def predict_each(
        self, utterances: Iterable[Utterance], *, stop_at_failure: bool = False
    ) -> Iterator[Prediction | Failure]:
        """An answer or a failure for each utterance, in order, as they are found.

        Raises:
            EmoduetError: only if `stop_at_failure`, for the first utterance that cannot be answered.
        """
        coming = iter(utterances)
        while group := list(islice(coming, BATCH_SIZE)):
            with self._turn:
                answers = self._answer(group, stop_at_failure)
            yield from answers

    def _answer(self, group: Sequence[Utterance], stop_at_failure: bool) -> list[Prediction | Failure]:
        readings = [self._read(utterance, stop_at_failure) for utterance in group]
        rows = iter(self._probabilities([reading for reading in readings if isinstance(reading, Inputs)]))
        return [
            reading if isinstance(reading, Failure) else self._prediction(utterance, next(rows))
            for utterance, reading in zip(group, readings, strict=True)
        ]

    def _read(self, utterance: Utterance, stop_at_failure: bool) -> Inputs | Failure:
        try:
            return self.model.reader.read([utterance])
        except EmoduetError as error:
            if stop_at_failure:
                raise
            return Failure(id=utterance.id, error=str(error))

    @torch.no_grad()
    def _probabilities(self, inputs: Sequence[Inputs]) -> list[list[float]]:
        if not inputs:
            return []
        batch = Inputs(
            [waveform for one in inputs for waveform in one.waveforms], [ids for one in inputs for ids in one.tokens]
        )
        with computing_in(self.precision, self.device):
            logits = self.model.system(batch.to(self.device))
        return functional.softmax(logits.cpu().double() / self.model.temperature, dim=1).tolist()

    def _prediction(self, utterance: Utterance, row: list[float]) -> Prediction:
        return Prediction(id=utterance.id, probabilities=dict(zip(self.classes, row, strict=True)))

    def _utterances(
        self, audio: PathLike | Sequence[PathLike] | None, text: str | Sequence[str] | None
    ) -> list[Utterance]:
        files = [audio] if isinstance(audio, (str, Path)) else list(audio or ())
        texts = [text] if isinstance(text, str) else list(text or ())
        for given, wanted, what in ((files, self.hears, "audio"), (texts, self.reads, "text")):
            if bool(given) != wanted:
                raise InputError(
                    f"predict: {len(given)} inputs of {what}; this {self.model.recipe.system} model takes "
                    f"{'one for each utterance' if wanted else 'none'}"
                )
        if self.hears and self.reads and len(files) != len(texts):
            raise InputError(f"predict: {len(files)} sound files and {len(texts)} texts; need one text for each file")
        return [
            Utterance(
                id=str(files[i]) if files else f"text {i + 1}",
                audio=str(files[i]) if files else None,
                transcript=texts[i] if texts else None,
            )
            for i in range(max(len(files), len(texts)))
        ]
