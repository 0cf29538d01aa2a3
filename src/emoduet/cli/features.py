"""`emoduet features`: the stored answers of frozen encoders: what there is, whether it is sound, and making room."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoduet.cli.door import counting_bar, errors_told, notes, results
from emoduet.cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

    from emoduet.features import StoreInfo

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look after stored features, which frozen encoders computed once."
)

Folder = Annotated[
    Path | None, typer.Option("--features", metavar="FOLDER", help="Where they lie; ~/.cache/emoduet/features.")
]
Keys = Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Stores, as `list` names them.")]
MEASURES = ("bytes", "kB", "MB", "GB", "TB")


@app.command("list")
def list_stores(features: Folder = None, as_json: AsJson = False) -> None:
    """Show all stores, the last used first."""
    with errors_told():
        from emoduet.features import stores

        root = _root(features)
        found = stores(root)
        if as_json:
            for store in found:
                typer.echo(json.dumps(store.as_json(), ensure_ascii=False))
        elif found:
            results().print(_table(found))
            results().print(f"{_size(sum(store.num_bytes for store in found))} in {root}", soft_wrap=True)
        else:
            notes().print(f"{root}: no features")
        for store in found:
            if store.problem:
                notes().print(store.problem)


@app.command()
def verify(
    keys: Keys = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Delete what is damaged; the next run computes it again.")
    ] = False,
    features: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Read every byte, and tell what is damaged.

    Exit status 1 if anything is, and was not deleted by --repair.
    """
    with errors_told():
        from emoduet import features as store_keeping

        all_stores = store_keeping.stores(_root(features))
        chosen = store_keeping.select(all_stores, keys or (), everything=not keys)
        damaged = False
        for store in chosen:
            with counting_bar(f"shards of {store.key}") as progress:
                damages = store_keeping.verify(store, progress)
            if repair:
                store_keeping.repair(store, damages)
            damaged = damaged or bool(damages)
            _tell_verified(store, [damage.message for damage in damages], repair, as_json)
    if damaged and not repair:
        raise typer.Exit(1)


@app.command()
def prune(
    keys: Keys = None,
    older_than: Annotated[
        float | None, typer.Option(min=0, metavar="DAYS", help="Only stores not used for so many days.")
    ] = None,
    incomplete: Annotated[bool, typer.Option("--incomplete", help="Only stores that lack features.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="All stores.")] = False,
    features: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Delete stores that fulfil every condition given.

    A store in use is left alone, and so is any folder that is none. Exit status 1 if a store was left alone.
    """
    with errors_told():
        import time

        from emoduet import features as store_keeping
        from emoduet.features.upkeep import SECONDS_A_DAY

        since = None if older_than is None else time.time() - older_than * SECONDS_A_DAY
        all_stores = store_keeping.stores(_root(features))
        chosen = store_keeping.select(
            all_stores, keys or (), incomplete=incomplete, unused_since=since, everything=everything
        )
        left_alone, freed = 0, 0
        for store, reason in store_keeping.prune(chosen):
            left_alone += reason is not None
            freed += 0 if reason else store.num_bytes
            _tell_pruned(store, reason, as_json)
        if not as_json:
            results().print(f"{len(chosen) - left_alone} of {len(all_stores)} stores deleted, {_size(freed)} freed")
    if left_alone:
        raise typer.Exit(1)


def _root(features: Path | None) -> Path:
    from emoduet.features import default_root

    return features or default_root()


def _table(found: "list[StoreInfo]") -> "Table":
    from datetime import datetime

    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("key", "kind", "stage", "encoder", "utterances", "size", "complete", "fp16 error", "last used"):
        left = heading in ("key", "kind", "stage", "encoder", "last used")
        table.add_column(heading, justify="left" if left else "right", overflow="fold", no_wrap=heading == "key")
    for store in found:
        record = store.as_json()
        told = [record[name] or "?" for name in ("kind", "stage", "encoder")]
        wanted = "?" if record["utterances"] is None else f"{record['utterances']:,}"
        of_all = wanted if store.complete else f"{store.num_done:,} of {wanted}"
        complete = "damaged" if store.problem else "yes" if store.complete else "no"
        error = "" if store.relative_error is None else f"{store.relative_error:.1e}"
        used = datetime.fromtimestamp(store.last_used).strftime("%Y-%m-%d %H:%M")
        table.add_row(store.key, *map(str, told), of_all, _size(store.num_bytes), complete, error, used)
    return table


def _tell_verified(store: "StoreInfo", problems: list[str], repaired: bool, as_json: bool) -> None:
    if as_json:
        told = {"key": store.key, "sound": not problems, "problems": problems, "repaired": repaired and bool(problems)}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    verdict = f"{len(problems)} damaged" if problems else "sound"
    deleted = "; deleted, and computed again by the next run" if problems and repaired else ""
    results().print(f"{store.key}: {store.num_done:,} utterances, {_size(store.num_bytes)}: {verdict}{deleted}")
    for problem in problems:
        notes().print(problem)


def _tell_pruned(store: "StoreInfo", reason: str | None, as_json: bool) -> None:
    if as_json:
        told = {"key": store.key, "deleted": reason is None, "bytes": store.num_bytes, "reason": reason}
        typer.echo(json.dumps(told, ensure_ascii=False))
    elif reason is None:
        results().print(f"{store.key}: deleted, {_size(store.num_bytes)}")
    else:
        notes().print(f"not deleted: {reason}")


def _size(num_bytes: float) -> str:
    """In the measure that leaves one to three digits before the point."""
    for measure in MEASURES[:-1]:
        if num_bytes < 1000:
            return f"{num_bytes:.3g} {measure}"
        num_bytes /= 1000
    return f"{num_bytes:.3g} {MEASURES[-1]}"
