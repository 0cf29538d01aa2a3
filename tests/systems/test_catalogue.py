"""Systems by name: each file of the folder, and what other packages declare."""

import sys

import pytest
from torch import nn

from emoduet.build import build_system
from emoduet.checkpoint import Encoders
from emoduet.config import read_recipe
from emoduet.errors import ConfigError
from emoduet.systems.base import System
from emoduet.systems.catalogue import system_named, system_names

CODE = """
from torch import nn
from emoduet.systems.base import System
from emoduet.types import Positive

class Foreign(System):
    def __init__(self, text_encoder, num_classes, *, depth: Positive):
        super().__init__()
        self.text_encoder, self.depth = text_encoder, depth
        self.classifier = nn.Linear(text_encoder.hidden_size, num_classes)

    def forward(self, inputs):
        return self.classifier(self.text_encoder(inputs.tokens).values)

class Unknown(System):
    def __init__(self, camera, text_encoder, num_classes):
        super().__init__()

    def forward(self, inputs):
        raise NotImplementedError

class Unannotated(System):
    def __init__(self, text_encoder, num_classes, *, depth):
        super().__init__()

    def forward(self, inputs):
        raise NotImplementedError

class Misspelt(System):
    def __init__(self, text_encoder, num_classes, *, depth: "Positve"):
        super().__init__()

    def forward(self, inputs):
        raise NotImplementedError

NUMBER = 3
"""
DECLARED = """
[emoduet.systems]
foreign = foreign_systems:Foreign
unknown-part = foreign_systems:Unknown
audio = foreign_systems:Foreign
not-there = foreign_systems:Missing
no-module = foreign_nowhere:Foreign
unannotated = foreign_systems:Unannotated
misspelt = foreign_systems:Misspelt
a-number = foreign_systems:NUMBER
a-class = collections:Counter
"""


@pytest.fixture(autouse=True)
def installed(tmp_path, monkeypatch):
    """A package as pip leaves it."""
    metadata = tmp_path / "foreign_systems-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-systems\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(DECLARED)
    (tmp_path / "foreign_systems.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "foreign_systems", raising=False)


class Reader(nn.Module):
    """Stands in for a text encoder of two values a token."""

    hidden_size = 2


def test_names_are_those_of_the_files_and_of_what_is_declared():
    names = system_names()
    assert {"cross-modal", "audio", "text", "probe-audio", "probe-text", "foreign"} <= set(names)
    assert not {"base", "catalogue", "inputs", "cross_modal"} & set(names)
    assert names == sorted(set(names))


@pytest.mark.parametrize("name", system_names())
def test_every_file_is_a_system(name):
    assert issubclass(system_named(name), System)
    assert system_named(name).parts[-1] in ("num_classes", "cma_1_keys")


def test_a_declared_system_is_built_with_its_numbers(tmp_path):
    path = tmp_path / "foreign.toml"
    path.write_text(
        'extends = "text-only"\nsystem = "foreign"\ntext_projection = {}\npooling = {}\n[model]\ndepth = 3\n'
    )
    recipe = read_recipe(str(path))
    system = build_system(recipe, Encoders(None, Reader(), tokenizer=None))
    assert type(system).__name__ == "Foreign" and system.depth == 3
    assert system.classifier.weight.shape == (4, 2)
    with pytest.raises(ConfigError, match=r"model\.depth: Input should be greater than 0 \(got 0\)"):
        read_recipe(str(path), ["model.depth=0"])


@pytest.mark.parametrize("name", ["unannotated", "misspelt"])
def test_a_number_without_a_usable_annotation(name):
    with pytest.raises(ConfigError, match=r"system foreign_systems:\w+: what follows the \* .* no usable annot"):
        read_recipe("text-only", [f"system={name}"])


def test_a_name_that_two_packages_declare(tmp_path):
    metadata = tmp_path / "other_systems-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other-systems\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[emoduet.systems]\nforeign = foreign_systems:Foreign\n")
    with pytest.raises(ConfigError, match=r"system foreign: declared by .*-systems, .*-systems; remove all of these"):
        system_named("foreign")


def test_nobody_replaces_a_system_of_this_package():
    assert system_named("audio").__name__ == "AudioSystem"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("camera", r"system camera: there is none; choose one of a-class, a-number, audio, .*text"),
        (
            "not-there",
            r"system not-there: declared as foreign_systems:Missing by foreign-systems, which cannot be imported "
            r"\(.*Missing.*\); repair or remove that package",
        ),
        ("no-module", r"by foreign-systems, which cannot be imported \(No module named 'foreign_nowhere'\)"),
        (
            "a-number",
            r"foreign_systems:NUMBER by foreign-systems, which is no subclass of emoduet\.systems\.base\.System",
        ),
        ("a-class", r"collections:Counter by foreign-systems, which is no subclass of emoduet\.systems\.base\.System"),
    ],
)
def test_what_is_not_to_be_had(name, message):
    with pytest.raises(ConfigError, match=message):
        system_named(name)
    with pytest.raises(ConfigError, match=message):
        read_recipe("text-only", [f"system={name}"])


def test_a_part_that_nobody_makes():
    told = (
        r"the unknown-part system's constructor names camera by position; known are audio_encoder, text_encoder, .*"
        r"num_classes, and numbers of \[model\] stand behind a \*"
    )
    with pytest.raises(ConfigError, match=told):
        read_recipe("text-only", ["system=unknown-part"])
