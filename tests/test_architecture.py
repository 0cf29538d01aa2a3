"""The house itself: which floor may import what, who may open or print anything, whether docstrings are true."""

import ast
import doctest
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "emoduet"
CONTRACTS = ROOT / ".importlinter"

WORDS = ["types.py", "labels.py", "errors.py", "records.py", "problems.py"]
DOORS = ["__main__.py", "cli", "report"]
COMPUTATION = [
    "nn",
    "systems",
    "metrics.py",
    "significance.py",
    "pairing.py",
    "unpaired.py",
    "calibration.py",
    "selective.py",
]
COMPUTATION += ["augmentation.py", "near_duplicates.py", "crossings.py", "findings.py", "protocols", "windows.py"]
COMPUTATION += ["segmentation.py", "curve.py", "timeline_summary.py", "confidence.py", "sureness.py"]
COMPUTATION += ["kept_sound.py", "growing_segment.py", "growing_curve.py", "faithfulness.py", "word_errors.py"]
OUTSIDE_WORLD = {
    *("os", "io", "pathlib", "shutil", "tempfile", "glob", "subprocess", "socket", "urllib"),
    *("time", "datetime", "random"),
    *("transformers", "tokenizers", "huggingface_hub", "accelerate", "safetensors", "pandas"),
    *("soundfile", "soxr", "av"),
}


def files_of(*places: str) -> list[Path]:
    """The Python files of these modules and packages; those not written yet have none."""
    found = [path for place in places for path in [PACKAGE / place, *(PACKAGE / place).rglob("*.py")]]
    return sorted(path for path in found if path.is_file())


FILES = files_of("")


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def imported_by(path: Path) -> set[str]:
    """Top-level names of all packages that a file imports anywhere, within functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"import_silently", "_library"}:
            names.update(one.value for one in node.args if isinstance(one, ast.Constant))
    return names


def faults_in(source: str) -> Iterator[str]:
    """What only a door may do: print, leave the program, or catch whatever comes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "exit", "quit", "sys.exit", "os._exit"}:
            yield f"line {node.lineno}: {ast.unparse(node.func)}"
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            broad = {None, "Exception", "BaseException"} & {kind and ast.unparse(kind) for kind in caught}
            if broad and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node)):
                yield f"line {node.lineno}: broad except"


def lint_imports(folder: Path) -> subprocess.CompletedProcess:
    """Runs the contracts over the emoduet package that lies in `folder`."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    options = ["--config", str(CONTRACTS), "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([*command, *options], cwd=folder, env=environment, capture_output=True, text=True)


def test_imports_only_downwards():
    result = lint_imports(PACKAGE.parent)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "fault", "contract"),
    [
        ("metrics", "import emoduet.audio", "Imports only downwards BROKEN"),
        ("errors", "from emoduet.metrics import score", "Imports only downwards BROKEN"),
        ("metrics", "import emoduet.significance", "Systems stand on blocks, statistics on metrics BROKEN"),
        (
            "corpora/synthetic/layout",
            "from emoduet.corpora.iemocap_evaluation import turn_name",
            "The synthetic corpus knows nothing of the readers BROKEN",
        ),
        (
            "corpora/doctor",
            "from emoduet.corpora.synthetic import published",
            "The readers know nothing of the synthetic corpus BROKEN",
        ),
        ("stranger", "", "stranger"),
    ],
)
def test_planted_import_is_caught(tmp_path, module, fault, contract):
    shutil.copytree(PACKAGE, tmp_path / "emoduet", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "emoduet" / f"{module}.py"
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + f"\n{fault}\n", encoding="utf-8")
    result = lint_imports(tmp_path)
    assert result.returncode == 1
    assert contract in result.stdout


@pytest.mark.parametrize("path", files_of(*WORDS, *COMPUTATION), ids=name_of)
def test_words_and_computation_open_nothing(path):
    assert not imported_by(path) & OUTSIDE_WORLD


@pytest.mark.parametrize("path", files_of(*WORDS), ids=name_of)
def test_words_need_no_arithmetic(path):
    assert not imported_by(path) & {"torch", "numpy"}


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("espeakng_loader", "corpora/synthetic"),
        ("av", "media_files.py"),
        ("gruut", "front_ends"),
        ("onnxruntime", "speech_activity.py engines/onnx_runtime.py"),
        ("ctranslate2", "transcription.py"),
        ("captum", "explaining/gradients.py"),
        ("matplotlib", "report/explanation_figure.py report/explanation_sheet.py"),
        ("pyroomacoustics", "corruptions/reverberation.py"),
        ("jiwer", "word_errors.py"),
        ("onnx", "export.py"),
        ("openvino", "engines/open_vino.py export.py quantised_graph.py"),
        ("nncf", "quantised_graph.py"),
    ],
)
def test_optional_libraries_stay_at_home(library, home):
    importing = [path for path in FILES if library in imported_by(path)]
    assert importing, f"nobody imports {library}"
    assert all(any(path.is_relative_to(PACKAGE / one) for one in home.split()) for path in importing)


@pytest.mark.parametrize("path", [path for path in FILES if path not in files_of(*DOORS)], ids=name_of)
def test_only_doors_print_exit_or_catch_everything(path):
    assert list(faults_in(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("def f():\n    print(1)", "line 2: print"),
        ("import sys\nsys.exit(1)", "line 2: sys.exit"),
        ("try:\n    f()\nexcept:\n    pass", "line 3: broad except"),
        ("try:\n    f()\nexcept (OSError, Exception):\n    pass", "line 3: broad except"),
    ],
)
def test_planted_manners_are_caught(source, fault):
    assert list(faults_in(source)) == [fault]


def test_cleaning_up_and_raising_again_is_no_broad_except():
    assert list(faults_in("try:\n    f()\nexcept BaseException:\n    g()\n    raise")) == []


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "__main__.py"], ids=name_of)
def test_docstring_examples_run(path):
    module = ".".join(["emoduet", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    assert doctest.testmod(importlib.import_module(module)).failed == 0


@pytest.mark.parametrize("path", [path for path in FILES if path.stat().st_size > 0], ids=name_of)
def test_modules_say_what_they_are(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is not None
