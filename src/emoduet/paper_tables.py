"""Tables 1 and 2 of the paper, as data: every row with its printed figure, its source, and the recipe that re-runs it.

Krishna D N, "Using Large Pre-Trained Models with Cross-Modal Attention for Multi-Modal Emotion Recognition". Figures
are unweighted accuracies in percent, as printed. Two tables follow that the paper lacks, for which there is nothing but
the recipes' names.
"""

from dataclasses import dataclass

OURS = "paper"
"""The recipe of the paper's own model, which the rows of the side tables are held against."""


@dataclass(frozen=True)
class PaperRow:
    """One row.

    Attributes:
        recipe: what runs it again; None where the figure is only quoted.
        cited: the figure is another paper's, and the recipe a system after that paper.
    """

    system: str
    printed_ua: float
    recipe: str | None = None
    cited: bool = False
    note: str = ""


@dataclass(frozen=True)
class PaperTable:
    """One table, or one part of it."""

    title: str
    rows: tuple[PaperRow, ...]


@dataclass(frozen=True)
class SideTable:
    """A table that is not in the paper: recipes beside the paper's own, which comes first."""

    title: str
    recipes: tuple[str, ...]


PAPER_TABLES = (
    PaperTable(
        "Table 1: multimodal",
        (
            PaperRow("E-Vector [29]", 57.25, "e-vector", cited=True),
            PaperRow("MCNN + LSTM [13]", 64.33, "mcnn-lstm", cited=True),
            PaperRow("MCNN + phoneme embeddings [14]", 68.50, "mcnn-phonemes", cited=True),
            PaperRow(
                "H. Xu et al. [37]",
                70.90,
                "learned-alignment",
                cited=True,
                note="the paper cites [37], Siriwardhana et al.; 70.90 is the figure of H. Xu et al., its [34]",
            ),
            PaperRow("Cross-Modal Transformer [3]", 72.82, "cross-modal-1d-cnn", cited=True),
            PaperRow("Proposed Approach (no fine-tuning)", 71.20, "paper-frozen"),
            PaperRow("Proposed Approach", 74.71, OURS),
        ),
    ),
    PaperTable(
        "Table 2: audio only",
        (
            PaperRow("TDNN+LSTM [18]", 60.70, "tdnn-lstm", cited=True),
            PaperRow("LSTM+Attn [28]", 58.80, "lstm-attention", cited=True),
            PaperRow("Self-Attn+LSTM [3]", 55.60, "self-attention-audio", cited=True),
            PaperRow("Wav2vec2.0+CNN+BLSTM (Ours)", 60.01, "audio-only"),
        ),
    ),
    PaperTable(
        "Table 2: text only",
        (
            PaperRow(
                "H. Xu et al. [2]",
                57.80,
                "learned-alignment-text",
                cited=True,
                note="the paper cites [2], which is BERT; H. Xu et al. is its [34]",
            ),
            PaperRow(
                "Speech-Embedding [15]",
                60.40,
                note="quoted: no description of it was found but the paper's own half sentence, too little to build "
                "anything after it",
            ),
            PaperRow("Self-Attn+LSTM [3]", 65.90, "self-attention-text", cited=True),
            PaperRow("BERT fine-tuning (Ours)", 71.01, "text-only"),
        ),
    ),
)

FUSION_TABLE = SideTable(
    "Table 4: what cross-modal attention is worth (not in the paper)",
    (
        OURS,
        "concatenation",
        "late-fusion",
        "gated-fusion",
        "multimodal-transformer",
        "audio-only",
        "text-only",
        "probe-audio",
        "probe-text",
    ),
)
ABLATION_TABLE = SideTable(
    "Table 5: the paper's model, one thing changed (not in the paper)",
    (
        OURS,
        "ablation-cma-1-only",
        "ablation-cma-2-only",
        "ablation-mean-pooling",
        "ablation-no-blstm",
        "ablation-one-head",
        "ablation-two-heads",
        "ablation-four-heads",
        "ablation-scale-d",
        "ablation-layer-weights",
    ),
)
SIDE_TABLES = (FUSION_TABLE, ABLATION_TABLE)


def own_recipes() -> tuple[str, ...]:
    """The recipes of the paper's own rows, in its order."""
    return tuple(row.recipe for table in PAPER_TABLES for row in table.rows if row.recipe and not row.cited)


def all_recipes() -> tuple[str, ...]:
    """The recipes of every table, each once, in the tables' order."""
    of_paper = [row.recipe for table in PAPER_TABLES for row in table.rows if row.recipe]
    return tuple(dict.fromkeys([*of_paper, *(name for table in SIDE_TABLES for name in table.recipes)]))
