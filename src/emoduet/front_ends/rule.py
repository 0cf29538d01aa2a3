"""What front ends without weights share: their settings, and what computed them, are all there is to be kept."""

from abc import ABC
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from torch import Tensor

from emoduet.atomic import write_json
from emoduet.pretrained.front_end import FrontEnd

SETTINGS = "front_end.json"


class ByRule(FrontEnd, ABC):
    """Values computed by rule; nothing trains."""

    def save(self, folder: Path) -> None:
        """Writes front_end.json."""
        write_json(folder / SETTINGS, {**self.settings(), "libraries": self.libraries()})

    def libraries(self) -> dict[str, str]:
        """What computes its values, with versions; nothing where they are as decoded."""
        return {"kaldi-native-fbank": version("kaldi-native-fbank")} if len(self.stages) > 1 else {}

    def _weights(self, stage: str) -> Mapping[str, Tensor]:
        return {}
