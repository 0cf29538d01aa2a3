"""The real thing: `python -m emoduet run`, killed outright in the middle of a training, and taken up again."""

import signal
import subprocess
import sys
import time

from easy_corpus import small, write_easy_corpus
from small_runs import numbers_of, small_experiment

from emoduet.experiment import run_experiment

PATIENCE = 90  # seconds
OVERRIDES = ("training.epochs=12",)


def wait_for(path, process):
    ends = time.monotonic() + PATIENCE
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < ends, f"{path} did not come"
        time.sleep(0.01)


def test_killed_outright_and_taken_up_again(tmp_path):
    manifest, out = write_easy_corpus(tmp_path / "corpus"), tmp_path / "out"
    settings = [part for setting in small("demo-paper", *OVERRIDES) for part in ("--set", setting)]
    command = [sys.executable, "-m", "emoduet", "run", "demo-paper", "--manifest", str(manifest), "--out", str(out)]
    features = tmp_path / "features"
    command += ["--folds", "1", "--device", "cpu", "--features", str(features), *settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for(out / "fold1-seed0" / "state", process)
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    assert process.returncode == -signal.SIGKILL
    assert not (out / "fold1-seed0" / "metrics.json").exists()
    for folder in (out, tmp_path / "whole"):
        run_experiment(small_experiment(manifest, folder, "demo-paper", *OVERRIDES, features=features))
    assert numbers_of(out / "fold1-seed0") == numbers_of(tmp_path / "whole" / "fold1-seed0")
    assert not list((out / "fold1-seed0").glob(".*"))
