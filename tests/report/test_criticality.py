from baseline_pipeline.report.criticality import MOST_SHOWN, folded, most_critical_first, tally


def test_primaries_come_first_then_harmed_slices_then_the_rest(cell):
    primary = cell(slice="all", role="primary", verdict="unchanged", tier=None)
    severe = cell(slice="b", tier="severe")
    moderate = cell(slice="a")
    steady = cell(slice="c", verdict="unchanged", tier=None)

    ordered = most_critical_first([steady, moderate, severe, primary])

    assert ordered == (primary, severe, moderate, steady)


def test_slices_without_harm_are_folded(cell):
    steady = cell(verdict="unchanged", tier=None)

    assert folded([cell(), steady]) == ((cell(),), (steady,))


def test_a_primary_slice_that_holds_the_gate_is_not_folded(cell):
    waiting = cell(role="primary", verdict="inconclusive", tier=None)

    assert folded([waiting]) == ((waiting,), ())


def test_nothing_is_folded_when_all_is_asked_for(cell):
    cells = [cell(slice=str(number), verdict="unchanged", tier=None) for number in range(500)]

    assert len(folded(cells, show_all=True)[0]) == 500


def test_no_cell_is_lost_between_shown_and_folded(cell):
    cells = [cell(slice=str(number)) for number in range(500)]

    shown, rest = folded(cells)

    assert (len(shown), len(shown) + len(rest)) == (MOST_SHOWN, 500)


def test_what_is_only_reported_stands_last_and_its_slices_are_folded(cell):
    told = [
        cell(slice=name, role="report_only", margin=None, verdict="inconclusive", tier=None) for name in ("all", "b")
    ]
    steady = cell(verdict="unchanged", tier=None)
    shown, rest = folded([*told, steady, cell()])

    assert (shown, rest) == ((cell(), told[0]), (steady, told[1]))
    assert tally([*told, steady]) == "1 unchanged, 2 reported"


def test_a_broken_floor_is_degraded_whatever_the_role(cell):
    broken = cell(slice="all", role="report_only", margin=None, verdict="degraded", tier="moderate")

    assert folded([broken]) == ((broken,), ())
    assert tally([broken]) == "1 degraded"


def test_every_metric_on_all_rows_is_shown_and_harm_below_the_margin_on_slices_is_counted(cell):
    passed = cell(slice="all", verdict="unchanged", tier=None)
    minor = cell(verdict="unchanged", tier="minor")
    shown, rest = folded([minor, passed, cell(slice="b")])

    assert ([one.slice for one in shown], rest) == (["b", "all"], (minor,))
    assert tally([*rest, cell(verdict="unchanged", tier=None)]) == "2 unchanged (1 with minor harm)"


def test_a_tally_names_the_worst_first(cell):
    cells = [cell(verdict="unchanged"), cell(), cell(verdict="not_evaluated"), cell()]

    assert tally(cells) == "2 degraded, 1 not evaluated, 1 unchanged"
