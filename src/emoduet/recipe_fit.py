"""Whether a recipe's sections are those that its system stands on, and its [model] what the constructor takes."""

import inspect
from collections.abc import Mapping

from pydantic import ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError

from emoduet.errors import ConfigError
from emoduet.recipe_sections import Section
from emoduet.systems.base import FittedSystem, System

_SECTIONS = {
    "audio_encoder": ("audio_encoder", "frames"),
    "text_encoder": ("text_encoder", "words"),
    "audio_features": ("audio_features",),
    "text_projection": ("text_projection",),
    "cma_1": ("cross_modal_attention",),
    "cma_2": ("cross_modal_attention",),
    "cma_1_keys": ("cross_modal_attention",),
    "pool": ("pooling",),
    "num_classes": (),
}
"""What a system's constructor may name, and which of a recipe's sections makes it: one of those named."""

_OF_TRAINING = (("optimizer",), ("schedule",))
"""What a system needs beside its parts, unless it is fitted at one go."""


def misfits(name: str, system: type[System], sections: Mapping[str, object]) -> list[str]:
    """Sections that the system of this name lacks, those that are one too many, and those it has no use for.

    Args:
        sections: a recipe's, by name; one that it lacks is None.
    """
    unknown = [part for part in system.parts if part not in _SECTIONS]
    if unknown:
        return [
            f"the {name} system's constructor names {', '.join(unknown)} by position; known are "
            f"{', '.join(_SECTIONS)}, and numbers of [model] stand behind a *"
        ]
    wanted = {_SECTIONS[part] for part in system.parts} - {()}
    wanted.update(() if issubclass(system, FittedSystem) else _OF_TRAINING)
    given = {one for names in (*_SECTIONS.values(), *_OF_TRAINING) for one in names if sections[one]}
    problems = []
    for names in sorted(wanted):
        found = given.intersection(names)
        if not found:
            problems.append(f"{' or '.join(names)} is missing from the {name} system")
        if len(found) > 1:
            problems.append(f"{' and '.join(names)} are both given; the {name} system takes one of them")
    useless = sorted(given.difference(*wanted))
    return problems + [f"{one} is of no use to the {name} system" for one in useless]


def numbers_of(system: type[System], values: Mapping[str, object]) -> dict[str, object]:
    """What [model] says, of the types that the system's constructor wants by keyword.

    Raises:
        ConfigError: the constructor's own fault: an annotation is missing, or cannot be read.
        ValidationError: a value is missing, unknown or not what it may be; all such values together.
    """
    try:
        parameters = inspect.signature(system.__init__, eval_str=True).parameters.values()
        wanted = {one.name: (one.annotation, ...) for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}
        section = create_model("model", __base__=Section, **wanted)
    except (NameError, PydanticSchemaGenerationError) as error:
        raise ConfigError(
            f"system {system.__module__}:{system.__qualname__}: what follows the * in its constructor has no usable "
            f"annotation ({str(error).splitlines()[0]}); give each one, such as emoduet.types.Positive"
        ) from error
    return section.model_validate(dict(values)).model_dump()


def problems_of(error: ValidationError, within: str = "") -> list[str]:
    """What pydantic found wrong, each with its path and what it got."""
    return [f"{within}{_path(one['loc'])}{one['msg']}{_got(one)}" for one in error.errors()]


def _path(location: tuple[str | int, ...]) -> str:
    return ".".join(map(str, location)) + ": " if location else ""


def _got(error: Mapping[str, object]) -> str:
    return f" (got {error['input']!r})" if error["loc"] and error["type"] != "missing" else ""
