"""`make install`: once for each interpreter and set of requirements, with the interpreter that was asked for."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
INTERPRETER = """#!/bin/sh
echo "$(basename "$0") $*" >> {log}
case "$*" in
  *print*) echo {version} ;;
  "-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
esac
"""


@pytest.fixture
def checkout(tmp_path) -> Path:
    """What the Makefile needs, and two interpreters that write down how they are called and install nothing."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    for version in ("3.11", "3.13"):
        path = tmp_path / "bin" / f"python{version}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(INTERPRETER.format(version=version, log=tmp_path / "log"))
        path.chmod(0o755)
    (tmp_path / "bin" / "python3").symlink_to("python3.11")
    return tmp_path


def install(checkout: Path, *arguments: str) -> list[str]:
    """The calls that change something, of `make install`."""
    (checkout / "log").write_text("")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))
    }
    environment["PATH"] = f"{checkout / 'bin'}:{environment['PATH']}"
    subprocess.run(["make", "install", *arguments], cwd=checkout, env=environment, check=True, capture_output=True)
    return [call for call in (checkout / "log").read_text().splitlines() if " -m " in call]


def test_an_install_is_done_once(checkout):
    calls = install(checkout)
    assert calls[0] == "python3 -m venv --clear .venv"
    assert len(calls) == 3 and all(call.startswith("python -m pip install") for call in calls[1:])
    assert install(checkout) == []
    assert install(checkout, "PYTHON=python3.11") == []


def test_another_interpreter_makes_another_environment(checkout):
    install(checkout)
    assert install(checkout, "PYTHON=python3.13")[0] == "python3.13 -m venv --clear .venv"
    assert (checkout / ".venv" / "bin" / "python").read_text() == (checkout / "bin" / "python3.13").read_text()
    assert install(checkout, "PYTHON=python3.13") == []
    assert install(checkout) == [], "the interpreter once asked for stays"
    assert install(checkout, "PYTHON=python3.11")[0] == "python3.11 -m venv --clear .venv"


def test_other_requirements_are_installed_into_the_same_environment(checkout):
    install(checkout, "PYTHON=python3.13")
    later = (checkout / ".venv" / ".complete-3.13").stat().st_mtime + 10
    os.utime(checkout / "pyproject.toml", (later, later))
    calls = install(checkout)
    assert len(calls) == 2 and all(call.startswith("python -m pip install") for call in calls)


def test_an_install_cut_short_begins_again(checkout):
    install(checkout)
    (checkout / ".venv" / ".complete-3.11").unlink()
    assert install(checkout)[0] == "python3 -m venv --clear .venv"
