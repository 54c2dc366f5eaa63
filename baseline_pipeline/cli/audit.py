"""`baseline audit`: the ledger for an auditor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from baseline_pipeline.cli.helping import Group
from baseline_pipeline.cli.options import Json, Model
from baseline_pipeline.cli.output import emit, say, show
from baseline_pipeline.errors import ContractError
from baseline_pipeline.figures import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Who let what through, when and why; and whether the record of it is as it was written.",
)
Checkpoints = Annotated[
    list[Path] | None, typer.Option("--checkpoint", help="A checkpoint that was kept elsewhere; repeatable.")
]


@app.command()
def log(
    model: Annotated[str | None, typer.Argument(help="One model's records; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Every record, oldest first.

    Example: baseline audit log flight_delays
    """
    from baseline_pipeline.workbench.upkeep.auditing import as_json as plain
    from baseline_pipeline.workbench.upkeep.auditing import event_line
    from baseline_pipeline.workbench.workbench import Workbench

    events = Workbench.here().events(model)
    if as_json:
        emit(plain(events))
    else:
        show("\n".join(event_line(event) for event in events) or "nothing happened yet")


@app.command(name="show")
def show_record(seq: Annotated[int, typer.Argument(help="Number of the record.", show_default=False)]) -> None:
    """One record, whole, as JSON.

    Example: baseline audit show 12
    """
    from baseline_pipeline.workbench.upkeep.auditing import record
    from baseline_pipeline.workbench.workbench import Workbench

    emit(record(Workbench.here(), seq).body())


@app.command()
def verify(checkpoint: Checkpoints = None, as_json: Json = False) -> None:
    """Recompute every link of the chain; exit 3 naming the first bad record.

    Example: baseline audit verify --checkpoint /mnt/elsewhere/ledger.checkpoint
    """
    from baseline_pipeline.workbench.upkeep.auditing import check_checkpoint_signature, read_checkpoint
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    kept = [read_checkpoint(path) for path in checkpoint or []]
    signed = [check_checkpoint_signature(bench, path) for path in checkpoint or []]
    found = bench.ledger.verify(kept)
    if as_json:
        emit({**found.body(), "checkpoints": len(kept), "signed_by": signed})
        return
    lines = [f"{found.size} records are as they were written; the last one is {found.head}"]
    lines += [
        f"  checkpoint at record {one.size} holds, {f'signed by {who}' if who else 'unsigned'}"
        for one, who in zip(kept, signed, strict=True)
    ]
    if not kept:
        lines.append("  without a checkpoint kept elsewhere nobody sees a cut tail or a past rewritten whole")
    show("\n".join(lines))


@app.command()
def checkpoint(
    out: Annotated[Path, typer.Option("--out", help="Where to write it.")] = Path("ledger.checkpoint"),
    sign: Annotated[bool, typer.Option("--sign", help="Sign it, as FILE.sig.")] = False,
    key: Annotated[Path | None, typer.Option("--key", help="SSH key to sign with.")] = None,
) -> None:
    """Write how far the ledger goes and what its last record is; keep it where the ledger is not.

    Example: baseline audit checkpoint --out /mnt/elsewhere/ledger.checkpoint --sign
    """
    from baseline_pipeline.workbench.upkeep.auditing import take_checkpoint
    from baseline_pipeline.workbench.workbench import Workbench

    found = take_checkpoint(Workbench.here(), out, key, sign=sign or key is not None)
    show(f"{out}: {counted(found.size, 'record')}, the last one {found.head}")


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="Where to write it.")] = Path("ledger.jsonl"),
    decision: Annotated[
        str | None, typer.Option("--decision", help="With all evidence of this decision, into a folder.")
    ] = None,
) -> None:
    """Write the ledger as JSON Lines with the program that checks it, which needs only Python.

    With --decision: a folder that also holds contract, comparison, evaluations and rows of that decision, from which
    `baseline audit reproduce` computes the verdict anew, anywhere.

    Example: baseline audit export --decision 3f9c2ab14d07 --out for-the-auditor
    """
    from baseline_pipeline.workbench.iteration.evidence import export_evidence
    from baseline_pipeline.workbench.upkeep.auditing import export as write
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    if decision is not None:
        show(export_evidence(bench, decision, out))
        return
    found = write(bench, out)
    show(f"{out}: {counted(found.size, 'record')}; check them with `python3 {out.with_name('verify_ledger.py')} {out}`")


@app.command()
def reproduce(
    decision: Annotated[str, typer.Argument(help="Digest of a decision, or a folder written by `audit export`.")],
    as_json: Json = False,
) -> None:
    """Compute a decision's verdict anew from the rows it rests on; exit 1 where it comes out otherwise.

    Example: baseline audit reproduce 3f9c2ab14d07
    """
    from baseline_pipeline.workbench.iteration.evidence import reproduced

    found = reproduced(decision)
    if as_json:
        emit(found.body())
    else:
        show(found.words())
    if not found.same:
        raise typer.Exit(1)


@app.command()
def autonomy(model: Model, as_json: Json = False) -> None:
    """Whether the gate promotes a model by itself, and why.

    Example: baseline audit autonomy flight_delays
    """
    from baseline_pipeline.workbench.iteration.deciding import autonomy_of
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    found = autonomy_of(bench, bench.contract(model))
    if as_json:
        emit({**found.body(), "earned": found.earned, "words": found.words()})
    else:
        show(f"{model}: {found.words()}")


@app.command()
def owners(as_json: Json = False) -> None:
    """What has no owner; exit 2 where a contract cannot be read.

    Example: baseline audit owners
    """
    from baseline_pipeline.workbench.upkeep.auditing import owners_missing
    from baseline_pipeline.workbench.workbench import Workbench

    found, troubles = owners_missing(Workbench.here())
    if as_json:
        emit(found)
    else:
        lines = [
            f"{name}: no owner of {', '.join(missing)}" if missing else f"{name}: all owned"
            for name, missing in found.items()
        ]
        show("\n".join(lines) or ("no models" if not troubles else "no model whose contract can be read"))
    for name, why in troubles.items():
        say(f"{name}: {why}")
    _refuse_unread(troubles)


@app.command()
def health(
    days: Annotated[int, typer.Option("--days", min=1, help="How far back overrides and rollbacks are counted.")] = 90,
    as_json: Json = False,
) -> None:
    """How the programme itself is doing, by owner and in total: coverage, ages, times, false alarms, creep, drills.

    A figure that rests on nothing says so. A model whose contract cannot be read is named, and the exit code is 2.

    Example: baseline audit health
    Example: baseline audit health --days 30 --json
    """
    from baseline_pipeline.report.health import health_lines
    from baseline_pipeline.workbench.upkeep.health import health as gathered
    from baseline_pipeline.workbench.workbench import Workbench

    found = gathered(Workbench.here(), days=days)
    if as_json:
        emit(found.body())
    else:
        show("\n".join(health_lines(found)))
    _refuse_unread(found.troubles)


def _refuse_unread(troubles: Mapping[str, str]) -> None:
    if troubles:
        raise typer.Exit(ContractError.exit_code)
