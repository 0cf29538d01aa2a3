"""Training labels dealt out anew, for a control that must fall to chance."""

from collections.abc import Iterable, Sequence

import numpy as np

from emoduet.errors import InputError
from emoduet.types import Utterance


def shuffle_labels(utterances: Sequence[Utterance], ids: Iterable[str], seed: int) -> dict[str, str]:
    """The labels of these utterances dealt out anew among them, for a control that must fall to chance.

    Only `ids`, the training part, take part, so that validation and test keep the truth. Counts by class stay. The
    order of `ids` and of the manifest does not matter.

    Raises:
        InputError: an id that the utterances do not have, or one without a label.
    """
    by_id = {utterance.id: utterance.label for utterance in utterances}
    ordered = sorted(set(ids))
    for id in ordered:
        if by_id.get(id) is None:
            what = "has no label" if id in by_id else "is not in the manifest"
            raise InputError(f"shuffled labels: utterance {id} {what}; need labelled utterances of the manifest")
    dealt = np.random.default_rng(seed).permutation(len(ordered))
    return {id: by_id[ordered[other]] for id, other in zip(ordered, dealt, strict=True)}
