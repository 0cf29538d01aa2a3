"""Systems by name. A file of this folder is a system; a package of one's own declares some under `emoduet.systems`."""

import inspect
import pkgutil
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import emoduet.systems
from emoduet.errors import ConfigError
from emoduet.systems.base import FittedSystem, System

GROUP = "emoduet.systems"
"""The group of entry points under which an installed package declares systems: name = "module:Class"."""

_NOT_SYSTEMS = {"base", "catalogue", "inputs", "two_networks"}


def system_names() -> list[str]:
    """All there are, sorted."""
    return sorted({*_own(), *entry_points(group=GROUP).names})


def system_named(name: str) -> type[System]:
    """The system of this name.

    Raises:
        ConfigError: there is none, or the one that a package declares is not to be had.
    """
    if name in _own():
        module = import_module(f"{emoduet.systems.__name__}.{_own()[name]}")
        (found,) = (one for _, one in inspect.getmembers(module, _is_system) if one.__module__ == module.__name__)
        return found
    declared = list(entry_points(group=GROUP, name=name))
    if not declared:
        raise ConfigError(f"system {name}: there is none; choose one of {', '.join(system_names())}")
    if len(declared) > 1:
        packages = ", ".join(one.dist.name for one in declared)
        raise ConfigError(f"system {name}: declared by {packages}; remove all of these packages but one")
    return _loaded(declared[0])


def _loaded(declared: EntryPoint) -> type[System]:
    where = f"system {declared.name}: declared as {declared.value} by {declared.dist.name}"
    try:
        found = declared.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{where}, which cannot be imported ({error}); repair or remove that package") from error
    if not _is_system(found):
        raise ConfigError(f"{where}, which is no subclass of emoduet.systems.base.System; repair that package")
    return found


def _own() -> dict[str, str]:
    """Names of the files of this folder, by the names of their systems."""
    files = {module.name for module in pkgutil.iter_modules(emoduet.systems.__path__)}
    return {name.replace("_", "-"): name for name in files - _NOT_SYSTEMS}


def _is_system(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, System) and value not in (System, FittedSystem)
