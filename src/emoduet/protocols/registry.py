"""The protocols by name, each with what it guards and what it does not, in words that are printed with every figure."""

from collections.abc import Mapping
from types import MappingProxyType

from emoduet.errors import UsageError
from emoduet.protocols.disjoint import scenario_disjoint, script_disjoint
from emoduet.protocols.protocol import LEAKING, TEST_IN_THE_LOOP, Protocol
from emoduet.protocols.sessions import all_others_train, improvised_only, leave_one_session_out, scripted_only
from emoduet.protocols.speakers import leave_one_speaker_out
from emoduet.protocols.splits import cross_corpus, official_split, random_folds


def protocol_named(name: str) -> Protocol:
    """The protocol of this name.

    Raises:
        InputError: there is none.

    >>> protocol_named("loso").test_in_the_loop
    False
    """
    if name not in PROTOCOLS:
        raise UsageError(
            f"protocol {name!r} is unknown; choose one of: {', '.join(PROTOCOLS)}; or a folds file, which ends in .json"
        )
    return PROTOCOLS[name]


_LINES_RECUR = (
    "Where scripted scenes are played in every session, as in IEMOCAP, lines of the test session stand in training, "
    "nearly word for word."
)
_SCENARIOS_TELL = (
    "Where improvised scenarios recur and each nearly fixes its emotion, as in IEMOCAP, a system that recognises the "
    "scenario knows the label."
)
_NOT_LOOKED_AT = "and nothing is chosen by looking at the test part"

_ALL = (
    Protocol(
        name="loso",
        summary="leave one session out: test one session, validate on the next (the last one's next is the first), "
        "train on the rest",
        guards=f"No utterance, dialogue or speaker of the test session is in training or validation, {_NOT_LOOKED_AT}.",
        does_not_guard=f"{_LINES_RECUR} {_SCENARIOS_TELL}",
        test_in_the_loop=False,
        leaking=False,
        make_folds=leave_one_session_out,
    ),
    Protocol(
        name="lospo",
        summary="leave one speaker out: test one speaker, validate on all speakers of the next session, train on the "
        "other sessions; who shares a session with the tested speaker is left out",
        guards="No utterance of the tested speaker or of a partner of theirs is in training or validation, so no "
        f"dialogue is on both sides, {_NOT_LOOKED_AT}.",
        does_not_guard="Where speakers share a session, each is tested by a model of the same training data, so their "
        f"folds are not independent. {_LINES_RECUR} {_SCENARIOS_TELL}",
        test_in_the_loop=False,
        leaking=False,
        make_folds=leave_one_speaker_out,
    ),
    Protocol(
        name="paper",
        summary="as the paper: test one session, train on all others, the learning rate decayed on the test loss, "
        f"the last epoch is tested; {TEST_IN_THE_LOOP}",
        guards="No utterance, dialogue or speaker of the test session is in training.",
        does_not_guard=f"The learning rate follows the test loss: {TEST_IN_THE_LOOP}. {_LINES_RECUR} {_SCENARIOS_TELL}",
        test_in_the_loop=True,
        leaking=False,
        make_folds=all_others_train,
    ),
    Protocol(
        name="script-disjoint",
        summary="leave one session out, and each of its scripts in a fold of its own, tested by a model that never "
        "saw that script; improvised turns as in loso",
        guards="No utterance, dialogue or speaker of the test session is in training or validation, nor any turn of "
        f"the tested script from another session, {_NOT_LOOKED_AT}.",
        does_not_guard="Where scripts differ in their emotions, leaving one out shifts the classes between training "
        f"and test. {_SCENARIOS_TELL}",
        test_in_the_loop=False,
        leaking=False,
        make_folds=script_disjoint,
    ),
    Protocol(
        name="scenario-disjoint",
        summary="leave one session out, and each of its scenarios, scripted or improvised, in a fold of its own, "
        "tested by a model that never saw that scenario",
        guards="No utterance, dialogue or speaker of the test session is in training or validation, nor any turn of "
        f"the tested scenario from another session, {_NOT_LOOKED_AT}.",
        does_not_guard="Where a scenario nearly fixes its emotion, leaving it out also depletes the class under test: "
        "figures are then a pessimistic lower bound, to be quoted beside loso and not in its place.",
        test_in_the_loop=False,
        leaking=False,
        make_folds=scenario_disjoint,
    ),
    Protocol(
        name="improvised",
        summary="leave one session out among improvised turns: test one session, validate on the next, train on the "
        "rest; scripted turns are left out",
        guards="No utterance, dialogue or speaker of the test session is in training or validation, "
        f"{_NOT_LOOKED_AT}; no scripted line recurs, as there are none.",
        does_not_guard=f"Keeping to improvised turns is no cure. {_SCENARIOS_TELL}",
        test_in_the_loop=False,
        leaking=False,
        make_folds=improvised_only,
    ),
    Protocol(
        name="scripted",
        summary="leave one session out among scripted turns: test one session, validate on the next, train on the "
        "rest; improvised turns are left out",
        guards=f"No utterance, dialogue or speaker of the test session is in training or validation, {_NOT_LOOKED_AT}.",
        does_not_guard=f"{_LINES_RECUR} There this holds for every tested turn: words alone go far.",
        test_in_the_loop=False,
        leaking=False,
        make_folds=scripted_only,
    ),
    Protocol(
        name="random",
        summary=f"five folds by utterance, drawn by seed, for contrast only; {LEAKING}: speakers and dialogues of the "
        "test part are in training",
        guards=f"No utterance is in two parts, {_NOT_LOOKED_AT}.",
        does_not_guard="Speakers, dialogues, scenarios and scripted lines are on both sides of the test. "
        f"{LEAKING}: figures tell nothing of new speakers.",
        test_in_the_loop=False,
        leaking=True,
        make_folds=random_folds,
    ),
    Protocol(
        name="official",
        summary="the corpus's own split: train on its train split, validate on its validation split, test each split "
        "whose name starts with test in a fold of its own",
        guards=f"No utterance is in two parts, {_NOT_LOOKED_AT}. Whatever else the makers of the split took care of.",
        does_not_guard="Speakers, dialogues and lines on both sides, where the makers of the split let them: the "
        "audit says which are. A split that everybody tunes on wears out.",
        test_in_the_loop=False,
        leaking=False,
        make_folds=official_split,
    ),
    Protocol(
        name="cross-corpus",
        summary="train on one corpus and test on all of another; of the training corpus its own validation split "
        "validates, or else its last session, or else a tenth of it in whole dialogues drawn by seed",
        guards=f"No utterance of the tested corpus is in training or validation, {_NOT_LOOKED_AT}.",
        does_not_guard="Two corpora mean different things by the same label and hold it in other shares, so figures "
        "mix the system's weakness with the corpora's difference. Encoders may have met the tested corpus in their "
        "pretraining; validation shares speakers with training where dialogues were drawn.",
        test_in_the_loop=False,
        leaking=False,
        make_folds=cross_corpus,
    ),
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({protocol.name: protocol for protocol in _ALL})
