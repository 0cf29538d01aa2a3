"""Tables 1 and 2 of the paper, as data: every row with its printed figure, its source, and the recipe that re-runs it.

Krishna D N, "Using Large Pre-Trained Models with Cross-Modal Attention for Multi-Modal Emotion Recognition". Figures
are unweighted accuracies in percent, as printed.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperRow:
    """One row; `recipe` is None where the figure is only quoted."""

    system: str
    printed_ua: float
    recipe: str | None = None
    note: str = ""


@dataclass(frozen=True)
class PaperTable:
    """One table, or one part of it."""

    title: str
    rows: tuple[PaperRow, ...]


PAPER_TABLES = (
    PaperTable(
        "Table 1: multimodal",
        (
            PaperRow("E-Vector [29]", 57.25),
            PaperRow("MCNN + LSTM [13]", 64.33),
            PaperRow("MCNN + phoneme embeddings [14]", 68.50),
            PaperRow(
                "H. Xu et al. [37]",
                70.90,
                note="the paper cites [37], Siriwardhana et al.; 70.90 is the figure of H. Xu et al., its [34]",
            ),
            PaperRow("Cross-Modal Transformer [3]", 72.82),
            PaperRow("Proposed Approach (no fine-tuning)", 71.20, recipe="paper-frozen"),
            PaperRow("Proposed Approach", 74.71, recipe="paper"),
        ),
    ),
    PaperTable(
        "Table 2: audio only",
        (
            PaperRow("TDNN+LSTM [18]", 60.70),
            PaperRow("LSTM+Attn [28]", 58.80),
            PaperRow("Self-Attn+LSTM [3]", 55.60),
            PaperRow("Wav2vec2.0+CNN+BLSTM (Ours)", 60.01, recipe="audio-only"),
        ),
    ),
    PaperTable(
        "Table 2: text only",
        (
            PaperRow("H. Xu et al. [2]", 57.80, note="the paper cites [2], which is BERT; H. Xu et al. is its [34]"),
            PaperRow("Speech-Embedding [15]", 60.40),
            PaperRow("Self-Attn+LSTM [3]", 65.90),
            PaperRow("BERT fine-tuning (Ours)", 71.01, recipe="text-only"),
        ),
    ),
)
