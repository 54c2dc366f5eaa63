import re

import pytest

from baseline_pipeline.report.drift_bar import drift_bar
from baseline_pipeline.report.forest_plot import MOST_SLICES, forest_plots
from baseline_pipeline.report.reliability_diagram import reliability_diagram
from baseline_pipeline.report.story import CalibrationCurve, Trajectory, TrajectoryPoint
from baseline_pipeline.report.svg import Axis, axis_over, element
from baseline_pipeline.report.trajectory_plot import trajectory_plot
from baseline_pipeline.snapshot import ColumnDrift


def test_attributes_and_text_cannot_end_their_element():
    drawn = element("text", "</text><script>", aria_label='" onload="x')

    assert drawn == '<text aria-label="&#34; onload=&#34;x">&lt;/text&gt;&lt;script&gt;</text>'


@pytest.mark.parametrize("values", [[], [0.0], [5.0], [-1e-12, 1e-12], [1e9, 1e9 + 1], [-3.0, 8.0]])
def test_an_axis_can_be_made_over_any_finite_values(values):
    axis = axis_over(values)

    assert axis.low < axis.high
    assert all(axis.holds(value) for value in values)
    assert axis.ticks()


def test_values_beyond_an_axis_stand_at_its_end():
    assert Axis(0.0, 1.0, 0.0, 100.0).percent(7.0) == "100.00%"


def test_a_forest_plot_says_its_row_in_words(cell):
    ((_, drawing),) = forest_plots([cell()])[0].rows

    assert 'aria-label="recall[carrier=EV]: gain -0.045 [-0.061, -0.029], margin 0.030, degraded"' in drawing


def test_metrics_are_drawn_apart_because_units_differ(cell):
    plots = forest_plots([cell(), cell(metric="latency_p95", unit="ms", gain=-3.0, interval=(-5.0, -1.0), margin=2.0)])

    assert [(plot.metric, plot.unit) for plot in plots] == [("recall", "share"), ("latency_p95", "ms")]


def test_slices_beyond_the_most_critical_are_counted(cell):
    cells = [cell(slice="all"), *(cell(slice=f"s{number}") for number in range(500))]

    (plot,) = forest_plots(cells)

    assert (len(plot.rows), plot.hidden) == (MOST_SLICES + 1, 500 - MOST_SLICES)
    assert plot.rows[0][0].slice == "all"


def test_an_interval_far_beyond_the_margin_is_cut_with_an_arrow(cell):
    ((_, drawing),) = forest_plots([cell(interval=(-40.0, 40.0))])[0].rows

    assert 'class="mark left"' in drawing
    assert 'class="mark right"' in drawing


def test_a_cell_without_a_gain_has_no_point(cell):
    nothing = cell(gain=None, interval=None, margin=None, verdict="not_evaluated", tier=None)

    ((_, drawing),) = forest_plots([nothing])[0].rows

    assert "mark" not in drawing
    assert "not measured, not evaluated" in drawing


def test_a_trajectory_breaks_where_nothing_was_measured():
    values = (0.7, None, 0.6, 0.5)
    points = tuple(
        TrajectoryPoint(at=f"2026-01-0{n}", evaluation="e", value=v, revision=1 if n == 3 else None)
        for n, v in enumerate(values, 1)
    )

    drawing = trajectory_plot(Trajectory(metric="recall", unit="share", better="higher", points=points))

    assert drawing.count('class="path candidate"') == 1
    assert drawing.count('class="mark not_evaluated"') == 1
    assert drawing.count(">r1<") == 1


def test_the_standing_baseline_is_the_one_that_was_gone_back_to():
    """A rollback gives the first evaluation the highest revision."""
    points = tuple(
        TrajectoryPoint(at=f"2026-01-0{n}", evaluation="e", value=value, revision=revision)
        for n, (value, revision) in enumerate([(0.5, 3), (0.9, 2)], 1)
    )

    drawing = trajectory_plot(Trajectory(metric="recall", unit="share", better="higher", points=points))
    standing = re.search(r'<line [^>]*class="reference"[^>]*>', drawing).group()
    first = re.search(r'<svg x="[^"]*" y="([^"]*)"[^>]*class="mark revision"', drawing).group(1)

    assert f'y1="{first}"' in standing


def test_a_gain_beyond_five_margins_has_its_point(cell):
    ((_, drawing),) = forest_plots([cell(gain=-0.09, interval=(-0.15, -0.03), margin=0.012)])[0].rows

    assert 'class="mark degraded"' in drawing
    assert 'class="mark left"' in drawing


def test_gains_far_beyond_the_margin_have_their_points_and_one_alone_is_cut(cell):
    def points(*gains):
        cells = [
            cell(slice=f"g={one}", gain=gain, interval=(gain - 0.05, gain + 0.05), margin=0.015)
            for one, gain in enumerate(gains)
        ]
        (plot,) = forest_plots(cells)
        return ['class="mark degraded"' in drawing for _, drawing in plot.rows]

    assert points(-0.3, -0.6, -0.4, -0.01) == [True] * 4
    assert sorted(points(-9.0, -0.01, -0.02, 0.01)) == [False, True, True, True]


@pytest.mark.parametrize("values", [(), (None,), (0.5,)])
def test_a_short_trajectory_can_be_drawn(values):
    points = tuple(TrajectoryPoint(at="2026-01-01", evaluation="e", value=value) for value in values)

    drawing = trajectory_plot(Trajectory(metric="recall", unit="share", better="higher", points=points))

    assert drawing.startswith("<svg")


def test_a_reliability_diagram_without_rows_says_so():
    assert "baseline: no rows" in reliability_diagram([CalibrationCurve(side="baseline", points=())])


@pytest.mark.parametrize(("score", "threshold", "bars"), [(0.3, 0.1, 1), (99.0, 0.1, 1), (None, 0.1, 0), (0.3, 0.0, 0)])
def test_a_drift_bar_needs_a_score_and_a_threshold(score, threshold, bars):
    column = ColumnDrift(column="precip", kind="feature", method="psi", score=score, threshold=threshold, drifted=False)

    assert drift_bar(column).count('class="bar ') == bars
