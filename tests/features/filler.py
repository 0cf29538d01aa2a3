"""A process that fills a store: python filler.py ROOT LOG SECONDS [HANGS_AT]

Waits for ROOT/go, takes SECONDS a shard, and writes a line to LOG for each shard that it begins to compute. Before the
shard that begins with the utterance HANGS_AT it stops for ever, with that shard's lock in its hands.
"""

import os
import sys
import time
from pathlib import Path

from stored import compute, store, words

NUM_UTTERANCES = 40


def main(root: str, log: str, seconds: str, hangs_at: str = "") -> None:
    def slowly(part):
        with open(log, "a") as file:
            file.write(f"{os.getpid()} {part[0].id}\n")
        while part[0].id == hangs_at:
            time.sleep(60)
        time.sleep(float(seconds))
        return compute(part)

    features = store(Path(root), NUM_UTTERANCES)
    Path(f"{log}.{os.getpid()}.ready").touch()
    while not (Path(root) / "go").exists():
        time.sleep(0.005)
    features.fill(slowly)
    print(sum(float(features.read(one.id).sum()) for one in words(NUM_UTTERANCES)))


if __name__ == "__main__":
    main(*sys.argv[1:])
