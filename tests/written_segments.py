"""Files of segments for the tests, and what was read from them in short."""

import json
from pathlib import Path

from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.point_tier import PointTier
from praatio.data_classes.textgrid import Textgrid

from emoduet.types import Segment


def write(path: Path, content: object, encoding: str = "utf-8") -> Path:
    """Text as it is, anything else as JSON."""
    path.write_bytes((content if isinstance(content, str) else json.dumps(content)).encode(encoding))
    return path


def textgrid(path: Path, format: str = "long_textgrid", **tiers: list[tuple]) -> Path:
    """Tiers by name ("_" for " - "); a list of triples makes intervals, of pairs points."""
    grid = Textgrid(0, 10)
    for name, entries in tiers.items():
        kind = PointTier if entries and len(entries[0]) == 2 else IntervalTier
        grid.addTier(kind(name.replace("_", " - "), entries, 0, 10))
    grid.save(str(path), format=format, includeBlankSpaces=True)
    return path


def told(segments: list[Segment]) -> list[tuple]:
    """Start, end, speaker and transcript of each."""
    return [(one.start, one.end, one.speaker, one.transcript) for one in segments]
