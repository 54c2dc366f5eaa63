import pytest

from baseline_pipeline.report.verdict_line import verdict_line

EXACT = (
    "DEGRADED recall[carrier=EV]  0.871 -> 0.826  gain -0.045 [-0.061, -0.029]  margin 0.030  "
    "n=2914 paired, 31 clusters  p(adjusted)=0.002  MDE 0.022  moderate"
)
NOTHING = dict.fromkeys(
    (
        *("baseline", "candidate", "gain", "interval", "harm_bounds", "p_value", "p_adjusted"),
        *("margin", "severe", "minimum_detectable_effect", "clusters", "changed_rows", "tier"),
    )
)


def test_a_degraded_slice_reads_as_the_design_says(cell):
    assert verdict_line(cell(), "paired") == EXACT


def test_the_p_of_harm_does_not_stand_beside_a_gain(cell):
    better = {"verdict": "improved", "tier": None, "gain": 0.045, "interval": (0.029, 0.061), "p_adjusted": 1.0}

    line = verdict_line(cell(**better), "paired")

    assert line.startswith("IMPROVED recall[carrier=EV]")
    assert "p(adjusted)" not in line


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {**NOTHING, "rows": 0, "verdict": "not_evaluated", "note": "no rows in this slice"},
            "NOT EVALUATED recall[carrier=EV]  n=0 unpaired  no rows in this slice",
        ),
        (
            {**NOTHING, "slice": "all", "candidate": 0.4, "verdict": "not_evaluated", "note": "one class only"},
            "NOT EVALUATED recall  not measured -> 0.400  n=2914 unpaired  one class only",
        ),
        (
            {"verdict": "inconclusive", "tier": None, "rows_required": 8095, "note": "few positives"},
            EXACT.replace("DEGRADED", "INCONCLUSIVE")
            .replace("paired", "unpaired")
            .replace("moderate", "about 8100 rows needed; few positives"),
        ),
        (
            {"role": "report_only", "margin": None, "verdict": "inconclusive", "note": "reported only", "tier": None},
            "REPORTED recall[carrier=EV]  0.871 -> 0.826  gain -0.045 [-0.061, -0.029]  n=2914 unpaired, 31 clusters",
        ),
        (
            {**NOTHING, "role": "report_only", "verdict": "not_evaluated", "note": "one class only"},
            "REPORTED recall[carrier=EV]  n=2914 unpaired  one class only",
        ),
        (
            {"p_adjusted": None, "verdict": "unchanged", "tier": None, "note": "not shown with a verdict"},
            EXACT.replace("DEGRADED", "UNCHANGED")
            .replace(" paired", " unpaired")
            .replace("p(adjusted)=0.002", "p<0.001")
            .removesuffix("  moderate"),
        ),
    ],
)
def test_what_is_missing_is_left_out_or_said_in_words(cell, changes, expected):
    assert verdict_line(cell(**changes), "unpaired") == expected


def test_a_slice_cannot_start_a_second_line(cell):
    line = verdict_line(cell(slice="carrier=EV\nIMPROVED recall\x1b[2J"), "paired")

    assert line.startswith("DEGRADED recall[carrier=EV\\x0aIMPROVED recall\\x1b[2J]  0.871")


def test_numbers_that_slipped_past_validation_are_never_shown(cell):
    nan = float("nan")

    line = verdict_line(cell(baseline=nan, gain=nan, interval=(nan, nan), p_adjusted=nan, margin=nan), "paired")

    assert "nan" not in line.lower()
