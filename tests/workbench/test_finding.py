"""Slices that nobody declared, of rankings: queries have a loss, and are searched by what their rows share."""

import numpy as np
import pytest

from baseline_pipeline.workbench.inspection.finding import last_contrasts, search, search_text

CONTRACT = """\
type: baseline_pipeline.orchestration.MonitoredModel
attributes:
  name: small
  task: ranking
  data: {source: {csv: "data/*.csv"}, row_id: [id], label: y, query: asked, features: [{name: x}, {name: z}]}
  model: {function: "smallmodel:predict"}
  slices: [{by: [group]}]
  metrics: [{metric: ndcg, margin: {absolute: 0.01}}]
"""


@pytest.fixture
def ranked(project):
    """Queries of two to six items, and the same after those with z > 0.5 were ranked the other way round."""
    (project.root / "assets" / "small" / "defs.yaml").write_text(CONTRACT)
    rows = project.rows(rows=2400)
    rng = np.random.default_rng(3)
    asked = np.repeat(np.arange(600), rng.multinomial(1200, np.ones(600) / 600) + 2)
    of_query = rng.normal(size=600).round(6)
    rows = rows.assign(asked=asked, z=of_query[asked])
    project.write(rows)
    project.run()
    project.establish()
    project.write(rows.assign(x=np.where(rows["z"] > 0.5, -rows["x"], rows["x"] + 1e-6)))
    project.run()
    return project, rows


def test_queries_that_lost_are_found_by_what_their_rows_share(ranked):
    project, rows = ranked
    bench = project.bench()
    contrast = last_contrasts(bench, bench.contract("small"))[0]
    found = search(bench, bench.contract("small"), contrast, depth=1)
    worst = rows[rows["asked"].astype(str).isin(found.found[0].worst_rows)]
    text = search_text(contrast, found)

    assert (found.of, found.rows, found.columns) == ("query", 600, ("z",))
    assert found.found[0].slice.startswith("z >")
    assert found.found[0].confirmed
    assert (worst["z"] > 0.5).all()
    assert "searched 600 queries for slices of 1 column on which ndcg got worse" in text
    assert "worst queries: " in text
