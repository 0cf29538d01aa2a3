"""Training one model: Adam, plateau decay, and a state after every epoch from which a killed run goes on bit for bit.

What the schedule watches is the caller's choice, and so is what it means: validation utterances, (the paper's way) the
test utterances themselves, or nothing: then the rate stays as it is, and the last epoch is kept.
"""

import hashlib
import logging
import random
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import ReduceLROnPlateau

from emoduet.atomic import remove_leftovers
from emoduet.augmentation import WhiteNoise
from emoduet.batching import InputReader, batches, shuffled, targets_of
from emoduet.build import Model, build_model, weights_of
from emoduet.config import Recipe
from emoduet.errors import InputError
from emoduet.evaluation import answer, answer_each_alone, check_some_of_each
from emoduet.fitting import fit, fit_standardisers
from emoduet.history import Epoch, Step
from emoduet.machine import Machine, accelerator_on, check_disk
from emoduet.pretrained.front_end import FrontEnd
from emoduet.stored_features import Features, on_stored_features
from emoduet.systems.base import FittedSystem
from emoduet.training_state import read_progress, read_state, trained_weights, write_state
from emoduet.types import Utterance
from emoduet.updates import Learner, Tally, Updater, groups, parameter_groups

log = logging.getLogger(__name__)

UPDATES_UNREAD = 16
"""Updates of a GPU between two looks at the loss: each look waits for it."""


@dataclass(frozen=True)
class Plan:
    """What one training is to be: nothing else decides its numbers.

    Attributes:
        watched: the utterances whose loss drives the learning rate, and picks the epoch if `keep_best`; none leave
            the rate constant.
        keep_best: keep the epoch of lowest watched loss; otherwise the last.
        weights: what the encoders start from, as `build.weights_of` says it; None has it computed.
    """

    recipe: Recipe
    train: tuple[Utterance, ...]
    watched: tuple[Utterance, ...]
    keep_best: bool
    seed: int
    weights: Mapping[str, str] | None = None

    def identity(self) -> dict[str, object]:
        """What a state must agree with, as JSON values, for this plan to go on from it."""
        return {
            "recipe": self.recipe.model_dump(mode="json"),
            "utterances to train on": _digest(self.train),
            "utterances to watch": _digest(self.watched),
            "choice of the epoch": self.keep_best,
            "seed": self.seed,
            "weights of the encoders": dict(weights_of(self.recipe) if self.weights is None else self.weights),
        }


def train(
    plan: Plan,
    folder: Path,
    machine: Machine,
    on_step: Callable[[Step], None] = lambda step: None,
    on_epoch: Callable[[Model, Epoch], None] = lambda model, epoch: None,
    features: Features | None = None,
    on_fill: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Model, list[Epoch]]:
    """Trains a model, going on from the state in `folder/state` where a killed training left one.

    The model answers in full precision, whatever it was trained in, so that its answers are those of its checkpoint.
    With `features`, what is frozen is read from their stores, then and in its answers, which agree with the
    checkpoint's within the stores' rounding; `on_fill` hears them being filled. `on_epoch` is called before the epoch's
    state is written, so a killed call may see the same epoch twice.

    Raises:
        InputError: no utterances, a device or precision this machine lacks, too little disk for the state, a state of
            another training, or a loss that is no number.
    """
    _check(plan)
    _seed_everything(plan.seed)
    accelerator = accelerator_on(machine)
    model = build_model(plan.recipe, [u.transcript for u in plan.train if u.transcript is not None])
    model.system.to(accelerator.device)
    if features:
        model = on_stored_features(model, features, on_fill)
    check_disk(folder, _disk_needed(model.system))
    fit_standardisers(model, _training_reader(plan, model, 1), plan.train)
    if isinstance(model.system, FittedSystem):
        return model, [_fit(plan, model, on_step, on_epoch)]
    run = _Run(plan, model, accelerator, folder / "state")
    while run.next_epoch <= plan.recipe.training.epochs:
        run.train_epoch(on_step, on_epoch)
    model.system.load_state_dict(run.best if plan.keep_best else trained_weights(model.system), strict=False)
    model.system.eval()
    return model, run.history


def _fit(plan: Plan, model: Model, on_step: Callable[[Step], None], on_epoch: Callable[[Model, Epoch], None]) -> Epoch:
    """What stands in the place of all epochs where a system has none."""
    epoch = fit(model, _training_reader(plan, model, 1), plan.train, plan.watched, _class_weights(plan).tolist())
    on_step(Step(1, 1, len(plan.train), len(plan.train), epoch.train_loss, epoch.train_ua))
    on_epoch(model, epoch)
    return epoch


def forget_state(folder: Path) -> None:
    """Deletes the state of a training that is complete and stored, and what killed calls left half-written."""
    shutil.rmtree(folder / "state", ignore_errors=True)
    remove_leftovers(folder)


class _Run:
    """One training under way: everything that changes from update to update, and its state on disk."""

    def __init__(self, plan: Plan, model: Model, accelerator: Accelerator, state_folder: Path) -> None:
        self.plan, self.model, self.state_folder = plan, model, state_folder
        self.accelerator = accelerator
        self.class_weights = _class_weights(plan).to(accelerator.device)
        encoders, rates = tuple(model.encoders.by_kind().values()), plan.recipe.optimizer
        of_weights = parameter_groups(model.system, encoders, rates.learning_rate, rates.head_factor, rates.mix_rate)
        self.raw_optimizer = Adam(of_weights, fused=True)
        schedule = plan.recipe.schedule
        self.scheduler = ReduceLROnPlateau(self.raw_optimizer, factor=schedule.factor, patience=schedule.patience)
        learner = Learner(model.system, self.class_weights)
        self.learner, self.optimizer = accelerator.prepare(learner, self.raw_optimizer)
        self.updater = Updater(
            self.learner,
            encoders,
            self.optimizer,
            accelerator,
            self.class_weights,
            rates.max_gradient_norm,
        )
        self.history: list[Epoch] = []
        self.best: dict[str, Tensor] = {}
        begins = {kind: encoder.begins_at for kind, encoder in model.encoders.by_kind().items()}
        self.identity = {
            **plan.identity(),
            "precision": accelerator.mixed_precision,
            "choice of stored features (--features, --no-features)": begins,
        }
        progress = read_progress(state_folder)
        if progress is not None:
            self._go_on(progress)

    @property
    def next_epoch(self) -> int:
        """Counted from 1."""
        return len(self.history) + 1

    def _go_on(self, progress: Mapping[str, object]) -> None:
        differing = [key for key, value in self.identity.items() if progress["plan"].get(key) != value]
        if differing:
            raise InputError(
                f"{self.state_folder}: the state of a training with another {', '.join(differing)}; delete it, or give "
                "another --out"
            )
        self.best = read_state(self.state_folder, self.model.system, self.raw_optimizer, self.scheduler)
        self.history = [Epoch(**line) for line in progress["history"]]
        log.info("going on after epoch %d of a training that was cut off", len(self.history))

    def train_epoch(self, on_step: Callable[[Step], None], on_epoch: Callable[[Model, Epoch], None]) -> None:
        """One pass over the training utterances, one look at the watched ones, one state on disk."""
        began = time.perf_counter()
        loss, ua = self._pass(on_step)
        watched_loss, watched_ua = self._watch() if self.plan.watched else (None, None)
        rate = self.raw_optimizer.param_groups[-1]["lr"]
        seconds = time.perf_counter() - began
        self.history.append(Epoch(self.next_epoch, loss, ua, watched_loss, watched_ua, rate, seconds))
        on_epoch(self.model, self.history[-1])
        write_state(
            self.state_folder,
            self.model.system,
            self.raw_optimizer,
            self.scheduler,
            self.best,
            {"plan": self.identity, "history": [asdict(epoch) for epoch in self.history]},
        )

    def _watch(self) -> tuple[float, float]:
        """The watched loss and UA, after the schedule and the choice of the best epoch have heard of the loss.

        Of a system that may lack either the loss is the mean of three: with both, with sound alone, with words alone.
        """
        model, precision = self.model, self.accelerator.mixed_precision
        watched = answer(model.system, model.reader, self.plan.watched, model.classes, precision=precision)
        self._check_finite(float(watched.probabilities.sum()))
        alone = answer_each_alone(model, self.plan.watched, precision)
        watched_loss = mean(one.loss() for one in (watched, *alone.values()))
        if not self.history or watched_loss < min(epoch.watched_loss for epoch in self.history):
            self.best = trained_weights(self.model.system)
        self.scheduler.step(watched_loss)
        return watched_loss, watched.scores().unweighted_accuracy

    def _pass(self, on_step: Callable[[Step], None]) -> tuple[float, float]:
        numbers, plan = self.plan.recipe.training, self.plan
        _set_training_mode(self.model.system)
        order = shuffled(plan.train, plan.seed, self.next_epoch)
        tally, device = Tally(len(self.model.classes), self.accelerator.device), self.accelerator.device
        reader = _training_reader(plan, self.model, self.next_epoch)
        reading = batches(order, self.model.classes, reader, numbers.batch_size)
        every = 1 if device.type == "cpu" else UPDATES_UNREAD
        num_groups = -(-len(order) // (numbers.batch_size * numbers.accumulation))
        for number, group in enumerate(groups(reading, numbers.accumulation), start=1):
            self.updater.update(group, tally)
            if number % every == 0 or number == num_groups:
                done, loss, ua = tally.read()
                self._check_finite(loss)
                on_step(Step(self.next_epoch, numbers.epochs, done, len(order), loss, ua))
        return loss, ua

    def _check_finite(self, loss: float) -> None:
        if not np.isfinite(loss):
            raise InputError(
                f"training: the loss became {loss} in epoch {self.next_epoch}; lower optimizer.learning_rate, or use "
                "--precision fp32"
            )


def _training_reader(plan: Plan, model: Model, epoch: int) -> InputReader:
    """The model's reader, with the epoch's noise where the recipe asks for it."""
    augmentation = plan.recipe.augmentation
    if augmentation is None:
        return model.reader
    return replace(model.reader, augment=WhiteNoise(augmentation.noise_snr, plan.seed, epoch))


def _set_training_mode(system: nn.Module) -> None:
    """Training mode for all that trains; a frozen encoder stays in eval mode, so that it is the same at every step."""
    system.train()
    for module in system.modules():
        if isinstance(module, FrontEnd) and not any(weight.requires_grad for weight in module.parameters()):
            module.eval()


def _class_weights(plan: Plan) -> Tensor:
    """One for every class, or n / (classes * n of the class) where the recipe asks for class weights."""
    num_classes = len(plan.recipe.classes)
    if not plan.recipe.training.class_weights:
        return torch.ones(num_classes)
    counts = torch.bincount(targets_of(plan.train, plan.recipe.classes), minlength=num_classes)
    return len(plan.train) / (num_classes * counts.float())


def _check(plan: Plan) -> None:
    needed = [("train on", plan.train)]
    if plan.watched or plan.keep_best:
        needed.append(("watch", plan.watched))
    for name, utterances in needed:
        targets = targets_of(utterances, plan.recipe.classes)
        if not utterances or int(targets.min()) < 0:
            raise InputError(
                f"training: {len(utterances)} utterances to {name}, {int((targets < 0).sum())} of them outside the "
                f"classes {list(plan.recipe.classes)}; need at least one, and all of them inside"
            )
    lacking = set(range(len(plan.recipe.classes))) - set(targets_of(plan.train, plan.recipe.classes).tolist())
    if lacking:
        raise InputError(f"training: no utterance to train on is {', '.join(plan.recipe.classes[i] for i in lacking)}")
    check_some_of_each(plan.train, plan.recipe)


def _disk_needed(system: nn.Module) -> int:
    """Bytes: two states of weights, best weights and two moments, and the checkpoint."""
    weights = sum(p.numel() * p.element_size() for p in system.parameters())
    trained = sum(p.numel() * p.element_size() for p in system.parameters() if p.requires_grad)
    return 2 * 4 * trained + weights


def _digest(utterances: Sequence[Utterance]) -> str:
    lines = [repr((one.id, one.label, one.transcript, one.start, one.end)) for one in utterances]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
