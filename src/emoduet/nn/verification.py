"""The verification loss: embeddings of the same class draw together, those of different classes move apart.

Every pair of utterances of a batch is asked whether their classes are the same. It sees no pair across batches.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional


def verification_loss(
    embeddings: Float[Tensor, "utterances size"], targets: Int64[Tensor, "utterances"], margin: float
) -> Float[Tensor, "utterances"]:
    """The mean loss of each utterance's pairs with all others; zero for an utterance that is alone.

    A pair costs 1 - cos of its two embeddings where the classes are the same, and max(0, cos - margin) where they
    differ. Each pair stands in the loss of both its utterances, so the mean over utterances is the mean over pairs.
    Cosines stay in fp32 under autocast: in half precision all of nearly parallel embeddings are 1.
    """
    with torch.autocast(embeddings.device.type, enabled=False):
        directions = functional.normalize(embeddings.float(), dim=1)
        cosines = directions @ directions.T
    same = targets[:, None] == targets
    losses = torch.where(same, 1 - cosines, (cosines - margin).relu())
    others = ~torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    return (losses * others).sum(dim=1) / max(1, len(targets) - 1)
