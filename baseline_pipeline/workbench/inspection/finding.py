"""`baseline compare`: two evaluations side by side, and the slices that nobody declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.comparison import Contrast
from baseline_pipeline.content import row_names
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.figures import bracketed, counted, fixed, places
from baseline_pipeline.matching import match
from baseline_pipeline.measuring import cluster_codes
from baseline_pipeline.metrics.mean_reciprocal_rank import MEAN_RECIPROCAL_RANK
from baseline_pipeline.metrics.ndcg import NDCG
from baseline_pipeline.metrics.outcomes import Array, Metric, Outcomes
from baseline_pipeline.metrics.queries import ranked
from baseline_pipeline.records import Digest, Record, short
from baseline_pipeline.slice_axes import axes
from baseline_pipeline.slice_finding import HarmedSlice, find_harmed
from baseline_pipeline.snapshot import read
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.workbench import Workbench

WORST = 5
PER_QUERY = {NDCG.name, MEAN_RECIPROCAL_RANK.name}
"""Metrics that are means over queries."""


class FoundSlice(Record):
    """An undeclared slice with its harm on the half of the rows that was not searched."""

    slice: str
    rows: int
    tested_rows: int
    harm: float
    interval: tuple[float, float]
    p_value: float
    q_value: float
    confirmed: bool
    worst_rows: tuple[str, ...]
    """Ids of the rows, or names of the queries, that lost most."""


class Search(Record):
    """What was searched, and what was found."""

    metric: str
    unit: str
    rows: int
    of: Literal["row", "query"] = "row"
    """What has a loss: rows, or the queries that they are ranked for."""
    columns: tuple[str, ...]
    words: int = 0
    """Words in texts that were tried."""
    false_discovery_rate: float
    found: tuple[FoundSlice, ...]


def last_contrasts(bench: Workbench, contract: Contract) -> tuple[Contrast, ...]:
    """The contrasts of the last decision.

    Raises:
        EvidenceUnavailable: when nothing was decided, or nothing was compared.
    """
    decisions = [event for event in bench.events(contract.name) if event.kind == "decision"]
    for event in reversed(decisions):
        digest = event.content.get("comparison")
        contrasts = load_comparison(bench, contract.name, str(digest)).contrasts if digest else ()
        if contrasts:
            return contrasts
    message = f"nothing was compared yet for {contract.name}"
    raise EvidenceUnavailable(message, next_step=f"change model, data or lockfile, then `baseline run {contract.name}`")


def unsearchable(contrast: Contrast) -> str:
    """Why a contrast cannot be searched for slices; empty where it can."""
    if contrast.not_comparable:
        return contrast.not_comparable
    if contrast.beside_unchanged:
        return "that is done on the rows whose values changed, which the comparison before this one is of"
    if contrast.pairing == "paired":
        return ""
    return (
        f"that is done on the same rows, and the comparison by {contrast.moved} is {contrast.pairing}; slices that "
        "the contract declares are compared on other rows, too"
    )


def search(bench: Workbench, contract: Contract, contrast: Contrast, *, depth: int) -> Search:
    """Search one paired contrast for undeclared slices on which the candidate lost.

    Args:
        bench: The project.
        contract: Names the features and the metric: the first primary that is a mean over rows, or over the queries
            that rows are ranked for. Those are searched by what all rows of a query share.
        contrast: What was compared.
        depth: How many columns may be combined.

    Raises:
        UsageError: when the contrast is not paired, or no metric of the contract is such a mean.
    """
    if why := unsearchable(contrast):
        raise UsageError(why, next_step="compare two models, lockfiles or values of the same rows")
    metric = _searched_metric(contract)
    old, new, rows = _aligned(bench, contract, contrast)
    sign = 1.0 if metric.better == "lower" else -1.0
    before, after = old.outcomes.take(rows[0]), new.outcomes.take(rows[1])
    harm = sign * (_losses(metric, after) - _losses(metric, before))
    cluster = cluster_codes(None if new.cluster is None else new.cluster[rows[1]])
    bench.progress(f"reading features of {counted(len(harm), 'row')}")
    columns = _columns(bench, contract, contrast.candidate.snapshot, new, rows[1])
    names, queries = new.row_id.take(pa.array(rows[1])), None if metric.rowwise else after.query
    if queries is not None:
        first, columns = _of_queries(queries, columns)
        harm, names = harm[first], pa.array(queries[first].astype(str))
        cluster = None if cluster is None else cluster[first]
    bench.progress(f"cutting {counted(columns.num_columns, 'column')} into parts, texts into words")
    parts = axes(columns)
    bench.progress(f"searching slices of up to {counted(depth, 'column')} for where {metric.name} got worse")
    found = find_harmed(parts, harm, cluster, depth=depth, seed=contrast.seed)
    return Search(
        metric=metric.name,
        unit=metric.unit,
        rows=len(harm),
        of="row" if queries is None else "query",
        columns=tuple(columns.column_names),
        words=sum(part.is_word for part in parts),
        false_discovery_rate=0.05,
        found=tuple(_record(one, harm, names) for one in found),
    )


def _losses(metric: Metric, outcomes: Outcomes) -> Array:
    """(n,) the metric's value of each row; of a metric of queries that of its query, whose influence its rows share."""
    found = metric.measure(outcomes)
    if metric.rowwise:
        return np.asarray(found.value + found.influence)
    rows = ranked(outcomes)
    return np.asarray(found.value + found.influence * (len(rows.items) * rows.items / len(outcomes))[rows.query])


def _of_queries(queries: Array, columns: pa.Table) -> tuple[Array, pa.Table]:
    """The position of each query's first row, and the columns that are the same in all rows of each query, there."""
    _, first, query = np.unique(queries, return_index=True, return_inverse=True)
    told = []
    for name in columns.column_names:
        code = columns.column(name).combine_chunks().dictionary_encode(null_encoding="encode").indices.to_numpy()
        told += [name] if np.array_equal(code, code[first][query]) else []
    return first, columns.select(told).take(pa.array(first))


def _searched_metric(contract: Contract) -> Metric:
    ranked = sorted(contract.metrics, key=lambda rule: (rule.role != "primary", rule.measured.decisions))
    for rule in ranked:
        if rule.measured.rowwise or rule.metric in PER_QUERY:
            return rule.measured
    if contract.task == "ranking":
        message = f"no metric of {contract.name} is a mean over queries"
        raise UsageError(message, next_step="measure ndcg or mrr, if only reported")
    message = f"no metric of {contract.name} is a mean over rows"
    raise UsageError(message, next_step="measure brier, log_loss, error_rate or mean_absolute_error, if only reported")


def _aligned(bench: Workbench, contract: Contract, contrast: Contrast) -> tuple[Scores, Scores, tuple[Array, Array]]:
    evaluations = [
        load_evaluation(bench, contract.name, side.evaluation) for side in (contrast.baseline, contrast.candidate)
    ]
    old, new = (load_scores(bench, one, contract) for one in evaluations)
    windows = [one.subject.training_window for one in evaluations if one.subject.training_window is not None]
    kind = "changed_rows" if contrast.moved == "data_values" else "same_rows"
    matched = match(old, new, kind=kind, windows=windows)  # type: ignore[arg-type]  # one of two literals
    return old, new, (matched.baseline, matched.candidate)


def _columns(bench: Workbench, contract: Contract, snapshot: Digest, scores: Scores, rows: Array) -> pa.Table:
    """Features and slice columns of the compared rows, in their order."""
    names = [*contract.data.feature_names, *contract.kept_columns()]
    wanted = list(dict.fromkeys([*contract.data.row_id, *names]))
    table = read(load_snapshot(bench, contract.name, snapshot), bench.store, wanted)
    position = pc.index_in(scores.row_id.take(pa.array(rows)), value_set=row_names(table, contract.data.row_id))
    return table.take(position).select(list(dict.fromkeys(names)))


def _record(one: HarmedSlice, harm: Array, names: pa.Array) -> FoundSlice:
    worst = one.rows[np.argsort(-harm[one.rows], kind="stable")[:WORST]]
    return FoundSlice(
        slice=one.name,
        rows=len(one.rows),
        tested_rows=one.tested_rows,
        harm=one.harm,
        interval=one.interval,
        p_value=one.p_value,
        q_value=one.q_value,
        confirmed=one.confirmed,
        worst_rows=tuple(names[int(row)].as_py() for row in worst),
    )


def search_text(contrast: Contrast, found: Search) -> str:
    """What was found, for people."""
    sides = f"{short(contrast.baseline.evaluation)} and {short(contrast.candidate.evaluation)}"
    words = f" and {counted(found.words, 'word')} in them" if found.words else ""
    many = {"row": "rows", "query": "queries"}[found.of]
    where = f"{found.rows} {many} for slices of {counted(len(found.columns), 'column')}{words}"
    lines = [f"searched {where} on which {found.metric} got worse ({sides})"]
    confirmed = [one for one in found.found if one.confirmed]
    for one in confirmed:
        decimals = places(one.interval[1] - one.interval[0])
        lines.append(
            f"  WORSE {one.slice}  harm {fixed(one.harm, decimals, signed=True)} "
            f"{bracketed(one.interval, decimals, signed=True)} {found.unit}  n={one.rows} ({one.tested_rows} tested)  "
            f"q={one.q_value:.2g}"
        )
        lines.append(f"        worst {many}: {', '.join(one.worst_rows)}")
    if not confirmed:
        lines.append(
            "  none that loses more than all rows do is confirmed on the half of the rows that was not searched"
        )
    rate = found.false_discovery_rate
    lines.append(f"found on one half, sized and tested on the other; about {rate:.0%} of those named are false")
    return "\n".join(lines)
