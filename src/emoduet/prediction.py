"""Answers of a trained model for anybody's recordings: the public `EmotionRecognizer`.

Its answers estimate expressed emotion as raters might label it, never a person's inner state.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from threading import Lock

import torch

from emoduet.build import restore_model
from emoduet.classifiers import kind_of, load_classifiers
from emoduet.engines import EngineModel, check_engine, restore_engine_model
from emoduet.errors import ConfigError, EmoduetError, InputError, UsageError
from emoduet.evaluation import BATCH_SIZE
from emoduet.explaining.explain import Explaining, explain
from emoduet.explaining.types import Explanation, Method
from emoduet.listening import Listening, PathLike
from emoduet.machine import INT8, Machine, check_answering, computing_in
from emoduet.quantisation import quantise
from emoduet.sureness import probabilities
from emoduet.systems.inputs import Inputs
from emoduet.timeline import Answering, Listener, Progress
from emoduet.types import Failure, Moment, Prediction, Seconds, SegmentPrediction, Timeline, Utterance

AS_IT_COMES = Listening()
"""Speech is found, words are unknown, and segments alone are answered."""


def _untold(heard: Seconds, duration: Seconds) -> None:
    """Nobody asked how far a recording is."""


def _unseen(found: SegmentPrediction | Moment) -> None:
    """Nobody asked for answers before the last is there."""


class EmotionRecognizer:
    """A trained model that answers for recordings and their words; threads may share one, and take turns.

    >>> recognizer = EmotionRecognizer.load("model")                          # doctest: +SKIP
    >>> recognizer.predict("call.wav", "I told you to leave.")[0].label       # doctest: +SKIP
    'angry'
    """

    def __init__(self, model: Answering, device: str | None = None, precision: str = "fp32") -> None:
        self.model = model
        self.precision = precision
        self.device = check_answering(Machine(device, precision))
        self.model.system.to(self.device).eval()
        if precision == INT8 and not isinstance(model, EngineModel):
            quantise(model)
        self._turn = Lock()  # encoders and tokenizers change a little of themselves while they run

    @classmethod
    def load(
        cls,
        path_or_hub_id: PathLike,
        device: str | None = None,
        precision: str = "fp32",
        *,
        engine: str = "torch",
        text_model: str | None = None,
        audio_weight: float = 0.5,
        label_map: Path | None = None,
    ) -> "EmotionRecognizer":
        """Loads a model of emoduet, or classifiers of transformers in the place of one: a folder, or a name of the hub.

        Args:
            device: such as "cpu" or "cuda:1"; None takes a GPU where there is one, and the CPU for int8.
            precision: "fp32", "bf16" or "int8"; what int8 changes is not asked here but by `emoduet evaluate`.
            engine: "torch", or "onnxruntime" or "openvino" for what `emoduet export` wrote into the model's folder.
            text_model: a checkpoint for text classification, beside one for audio classification.
            audio_weight: the share of the latter in the mean of both.
            label_map: TOML or JSON: which class each label of such checkpoints becomes.

        Raises:
            CheckpointError: there is no such model, or no such export of it, or it cannot be used.
            InputError: this machine has no such device or engine, or does not compute in this precision; or classifiers
                do not fit together.
            ConfigError: int8, and an encoder of the model has no packed form.
        """
        name = str(path_or_hub_id)
        check_engine(engine, precision, device)
        if engine != "torch":
            if text_model is not None or label_map is not None:
                raise UsageError(f"engine {engine}: is for models of emoduet; checkpoints are answered by torch")
            return cls(restore_engine_model(name, engine, precision), "cpu", precision)
        check_answering(Machine(device, precision))
        kind = kind_of(name)
        if kind == "emoduet" and text_model is None and label_map is None:
            return cls(restore_model(name), device, precision)
        if precision == INT8:
            raise ConfigError(f"{name}: int8 is for models of emoduet, whose encoders have a packed form; use fp32")
        audio, text = (None, name) if kind == "text" and text_model is None else (name, text_model)
        return cls(load_classifiers(audio, text, audio_weight=audio_weight, label_map=label_map), device, precision)

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever reads its answers should know."""
        return self.model.notes

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
            audio: one or many sound files; None for a model that only reads, or may lack sound.
            text: the words of each; None for a model that only listens, or may lack words.

        Raises:
            InputError: the model needs what was not given, or the two are not equally many.
            AudioError: a file cannot be used. `predict_each` goes on past such files.
        """
        answers = list(self.predict_each(self._utterances(audio, text), stop_at_failure=True))
        return [answer for answer in answers if isinstance(answer, Prediction)]

    def explain(
        self,
        audio: PathLike | None = None,
        text: str | None = None,
        *,
        method: Method = "occlusion",
        target: str | None = None,
        seed: int = 0,
    ) -> Explanation:
        """Which words and moments carried the answer, with a test of whether they did; see `explain_utterance`.

        >>> recognizer = EmotionRecognizer.load("model")                                        # doctest: +SKIP
        >>> recognizer.explain("call.wav", "I told you to leave.").faithfulness.sentence()      # doctest: +SKIP
        """
        (utterance,) = self._utterances(audio, text)
        return self.explain_utterance(utterance, Explaining(method=method, target=target, seed=seed))

    def explain_utterance(self, utterance: Utterance, explaining: Explaining) -> Explanation:
        """The same for an utterance of a corpus.

        Raises:
            InputError: this model cannot be explained so, or the utterance has nothing to score.
            EmoduetError: the utterance cannot be answered.
        """
        with self._turn:
            return explain(self.model, utterance, self._probabilities, explaining, self.precision)

    def listen(
        self, audio: PathLike, listening: Listening = AS_IT_COMES, progress: Progress = _untold
    ) -> Iterator[SegmentPrediction | Moment]:
        """What is said of each segment of a recording of any length, as soon as it is heard, in flat memory.

        With `listening.hop`, a moment of the curve comes as soon as nothing that follows can change it.

        Args:
            progress: called with the seconds answered and the seconds in all; 0 where the file does not say.

        Raises:
            AudioError: the recording cannot be decoded; what was found before has been given.
            InputError: a file of segments or words is unusable, words are missing, a library or weights are not there,
                or the model knows nothing of the risk that is wanted.
        """
        return Listener(self.model, self._rows, listening).along(Path(audio), progress)

    def timeline(
        self,
        audio: PathLike,
        listening: Listening = AS_IT_COMES,
        progress: Progress = _untold,
        on_found: Callable[[SegmentPrediction | Moment], None] = _unseen,
    ) -> Timeline:
        """A recording from beginning to end: `listen`, collected.

        Args:
            on_found: called with each answer as soon as it is there.

        Raises:
            EmoduetError: as `listen`.

        >>> recognizer = EmotionRecognizer.load("model")                                     # doctest: +SKIP
        >>> timeline = recognizer.timeline("call.mp3", Listening(asr="small", hop=0.25))     # doctest: +SKIP
        >>> timeline.segments[0].label, timeline.segments[0].segment.start                   # doctest: +SKIP
        ('angry', 0.42)
        """
        heard_until = 0.0

        def tell(heard: Seconds, duration: Seconds) -> None:
            nonlocal heard_until
            heard_until = heard
            progress(heard, duration)

        found = []
        for one in self.listen(audio, listening, tell):
            on_found(one)
            found.append(one)
        segments = [one for one in found if isinstance(one, SegmentPrediction)]
        moments = [one for one in found if isinstance(one, Moment)]
        return Timeline(
            recording=str(audio),
            duration=heard_until,
            classes=self.classes,
            segments=tuple(sorted(segments, key=lambda one: (one.segment.start, one.segment.end))),
            moments=tuple(sorted(moments, key=lambda one: (one.time, one.channel or 0, one.speaker or ""))),
        )

    def check(self, listening: Listening, known_words: bool = False) -> None:
        """Finds what no recording could be answered for, before the first is opened.

        Args:
            known_words: recordings bring their words with them.

        Raises:
            InputError: a risk is wanted that the model knows nothing of, or speech recognition cannot be had.
            UsageError: the model reads, and words will be nowhere.
        """
        Listener(self.model, self._rows, listening).check(known_words)

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

    def _rows(self, read: Callable[[], list[Inputs]]) -> list[list[float]]:
        """Rows of probabilities for what `read` gives, which may tokenize: in turn, too."""
        with self._turn:
            return self._probabilities(read())

    @torch.no_grad()
    def _probabilities(self, inputs: Sequence[Inputs]) -> list[list[float]]:
        if not inputs:
            return []
        batch = Inputs(
            [waveform for one in inputs for waveform in one.waveforms], [ids for one in inputs for ids in one.tokens]
        )
        with computing_in(self.precision, self.device):
            logits = self.model.system(batch.to(self.device))
        return probabilities(logits, batch, self.model).tolist()

    def _prediction(self, utterance: Utterance, row: list[float]) -> Prediction:
        return Prediction(id=utterance.id, probabilities=dict(zip(self.classes, row, strict=True)))

    def _utterances(
        self, audio: PathLike | Sequence[PathLike] | None, text: str | Sequence[str] | None
    ) -> list[Utterance]:
        files = [audio] if isinstance(audio, (str, Path)) else list(audio or ())
        texts = [text] if isinstance(text, str) else list(text or ())
        lacks_one = self.model.system.may_lack and bool(files) != bool(texts)
        for given, wanted, what in ((files, self.hears, "audio"), (texts, self.reads, "text")):
            if bool(given) != wanted and not lacks_one:
                raise InputError(
                    f"predict: {len(given)} inputs of {what}; this {self.model.name} model takes "
                    f"{'one for each utterance' if wanted else 'none'}"
                )
        if files and texts and len(files) != len(texts):
            raise InputError(f"predict: {len(files)} sound files and {len(texts)} texts; need one text for each file")
        return [
            Utterance(id=f"text {number}" if file is None else str(file), audio=file and str(file), transcript=words)
            for number, (file, words) in enumerate(zip_longest(files, texts), start=1)
        ]
