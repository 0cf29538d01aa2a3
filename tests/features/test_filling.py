"""True processes that fill one store: they share the work, and one that is killed outright holds nobody up."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from filler import NUM_UTTERANCES
from stored import SHARD_SIZE, answer, compute, store, words

from emoduet.features import prune, select, stores

PATIENCE = 60  # seconds
FILLER = Path(__file__).parent / "filler.py"
SUM = sum(float(answer(one).sum()) for one in words(NUM_UTTERANCES))
FIRST_IDS = [one.id for one in words(NUM_UTTERANCES)[::SHARD_SIZE]]


def start(root: Path, log: Path, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, str(FILLER), str(root), str(log), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(happens, *processes):
    ends = time.monotonic() + PATIENCE
    while not happens():
        assert all(process.poll() is None for process in processes), [one.communicate() for one in processes]
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.01)


def computed(log: Path) -> list[list[str]]:
    """(process, first utterance) of each shard begun."""
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def test_processes_share_the_filling_and_each_shard_is_computed_once(tmp_path):
    log = tmp_path / "log"
    processes = [start(tmp_path, log, 0.05) for _ in range(3)]
    wait_until(lambda: len(list(tmp_path.glob("log.*.ready"))) == 3, *processes)
    (tmp_path / "go").touch()
    outputs = [process.communicate(timeout=PATIENCE) for process in processes]
    assert [(float(out), err) for out, err in outputs] == [(SUM, "")] * 3
    assert sorted(first for _, first in computed(log)) == FIRST_IDS
    assert len(Counter(process for process, _ in computed(log))) >= 2, "one process did all the work"


@pytest.fixture
def hanging(tmp_path):
    """A process that has filled two shards and will for ever compute the third."""
    log = tmp_path / "log"
    (tmp_path / "go").touch()
    with start(tmp_path, log, 0, "u008") as process:
        wait_until(lambda: len(computed(log)) == 3, process)
        yield process
        process.kill()


def test_a_killed_process_is_waited_for_no_longer_and_its_work_goes_on(tmp_path, hanging):
    features, asked, times_told = store(tmp_path, NUM_UTTERANCES), [], Counter()

    def kill_when_all_else_is_done(done, total):
        times_told[done] += 1
        if done == total - SHARD_SIZE and times_told[done] == 5:  # some rounds of waiting have passed
            assert "u008" not in asked, "taken from a living process"
            hanging.send_signal(signal.SIGKILL)

    features.fill(lambda part: asked.append(part[0].id) or compute(part), kill_when_all_else_is_done)
    assert features.complete
    assert hanging.wait(PATIENCE) == -signal.SIGKILL
    assert asked == [*FIRST_IDS[3:], "u008"], "the first two came from the killed process"
    assert sum(float(features.read(one.id).sum()) for one in words(NUM_UTTERANCES)) == SUM
    assert not list(features.folder.glob("*.tmp"))


def test_what_a_living_process_uses_is_not_deleted_and_what_a_killed_one_used_is(tmp_path, hanging):
    found = stores(tmp_path)
    [(left, reason)] = prune(select(found, everything=True))
    assert "in use" in reason and left.num_done == 2 * SHARD_SIZE and not left.complete
    hanging.kill()
    hanging.wait(PATIENCE)
    assert [reason for _, reason in prune(found)] == [None]
    assert stores(tmp_path) == []
