"""`emoduet features` from the outside."""

import json
import os
import time

import pytest
import torch
from typer.testing import CliRunner, Result

from emoduet.cli import app
from emoduet.features import FeatureStore, Source, corpus_digest
from emoduet.types import Utterance

LINES = [Utterance(id=f"u{number}", transcript="oh no") for number in range(70)]


def features(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["features", *map(str, arguments)])


def fill(root, weights="w0", shards=2):
    source = Source("text", "last", "bert-tiny", weights, "tokens", {"torch": "2"}, corpus_digest(LINES, "text"))
    store = FeatureStore(root, source, LINES)
    for number in range(shards):
        store._take(number, lambda part: [torch.ones(2, 3) for _ in part])
    return store


@pytest.fixture(autouse=True)
def unhurried_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def folder(tmp_path):
    """One store of 70 utterances, which nobody uses."""
    return fill(tmp_path).folder


def spoil(folder):
    data = folder / "shard-00001.npy"
    data.write_bytes(data.read_bytes()[:-1] + b"\0")


def test_list_shows_every_store(folder, tmp_path):
    fill(tmp_path, "w1", shards=1)
    os.utime(folder / "store.json", (1, 1))
    result = features("list", "--features", tmp_path)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines() if "bert-tiny" in line]
    assert [row[1:6] for row in rows] == [
        ["text", "last", "bert-tiny", "64", "of"],
        ["text", "last", "bert-tiny", "70", rows[1][5]],
    ]
    assert rows[1][0] == folder.name
    assert rows[1][7:9] == ["yes", "0.0e+00"]
    assert rows[0][6:10] == ["70", rows[0][7], "kB", "no"]
    assert result.stdout.splitlines()[-1].endswith(f"kB in {tmp_path}")
    assert result.stderr == ""


def test_list_as_json_is_a_line_a_store(folder, tmp_path):
    lines = features("list", "--features", tmp_path, "--json").stdout.splitlines()
    [told] = map(json.loads, lines)
    assert (told["key"], told["utterances"], told["complete"]) == (folder.name, 70, True)


def test_list_of_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    result = features("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"{tmp_path}/.cache/emoduet/features: no features\n"


def test_list_tells_damage_that_shows(folder, tmp_path):
    (folder / "store.json").write_text("{")
    result = features("list", "--features", tmp_path)
    row = next(line.split() for line in result.stdout.splitlines() if folder.name in line)
    assert row[1:5] == ["?", "?", "?", "70"] and "damaged" in row
    assert "store.json: not a store's description" in result.stderr


def test_verify_says_that_all_is_sound(folder, tmp_path):
    result = features("verify", "--features", tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{folder.name}: 70 utterances, ") and result.stdout.endswith(": sound\n")


def test_verify_finds_a_turned_byte_and_repairs_it(folder, tmp_path):
    spoil(folder)
    result = features("verify", folder.name, "--features", tmp_path)
    assert result.exit_code == 1
    assert "1 damaged" in result.stdout and "shard-00001.npy: damaged: sha256" in result.stderr
    told = json.loads(features("verify", "--features", tmp_path, "--json").stdout)
    assert (told["key"], told["sound"], len(told["problems"]), told["repaired"]) == (folder.name, False, 1, False)
    result = features("verify", "--repair", "--features", tmp_path)
    assert result.exit_code == 0
    assert "1 damaged; deleted, and computed again by the next run" in result.stdout
    assert not fill(tmp_path, shards=0).complete and fill(tmp_path).complete
    assert features("verify", "--features", tmp_path).exit_code == 0


def test_prune_tells_what_it_frees(folder, tmp_path):
    result = features("prune", folder.name, "--features", tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")
    first, last = result.stdout.splitlines()
    assert first.startswith(f"{folder.name}: deleted, ")
    assert last.startswith("1 of 1 stores deleted, ") and last.endswith("kB freed")
    assert not folder.exists()


def test_prune_by_age(folder, tmp_path):
    assert (
        features("prune", "--older-than", 30, "--features", tmp_path).stdout == "0 of 1 stores deleted, 0 bytes freed\n"
    )
    os.utime(folder / "store.json", (time.time() - 31 * 86_400,) * 2)
    assert features("prune", "--older-than", 30, "--features", tmp_path).stdout.startswith(f"{folder.name}: deleted")


def test_prune_of_incomplete_ones(folder, tmp_path):
    key = fill(tmp_path, "w1", shards=1).folder.name
    told = json.loads(features("prune", "--incomplete", "--features", tmp_path, "--json").stdout)
    assert (told["key"], told["deleted"], told["reason"]) == (key, True, None)
    assert folder.exists()


def test_prune_leaves_a_store_in_use_alone(tmp_path):
    store = fill(tmp_path)
    result = features("prune", "--all", "--features", tmp_path)
    assert result.exit_code == 1
    assert f"not deleted: {store.folder}: in use" in result.stderr
    assert result.stdout == "0 of 1 stores deleted, 0 bytes freed\n"
    assert store.complete


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["prune"], 2, "give keys, --incomplete or --older-than, or --all alone"),
        (["prune", "--all", "--incomplete"], 2, "--all alone"),
        (["prune", "--older-than", "-1"], 2, "--older-than"),
        (["prune", "0123"], 1, "0123: no store of this key"),
        (["verify", "0123"], 1, "0123: no store of this key"),
    ],
)
def test_wrong_wishes_delete_nothing(folder, tmp_path, arguments, status, message):
    result = features(*arguments, "--features", tmp_path)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr
    assert folder.exists()


@pytest.mark.parametrize(
    ("num_bytes", "told"), [(0, "0 bytes"), (999, "999 bytes"), (1300000000, "1.3 GB"), (5e15, "5e+03 TB")]
)
def test_sizes_are_told_in_words(num_bytes, told):
    from emoduet.cli.features import _size

    assert _size(num_bytes) == told
