"""The sentence of an attribution, what leads it, and what to do: they agree with the figures."""

import pytest

from baseline_pipeline.contract.reading import parse_contract
from baseline_pipeline.replay.advice import advised, sentence
from baseline_pipeline.replay.attribution import Contribution, Interaction, Shared
from baseline_pipeline.replay.decided import Decided, in_words
from baseline_pipeline.report.attribution import attribution_lines
from baseline_pipeline.workbench.replays.attributed import attributed_html
from baseline_pipeline.workbench.replays.attributing import _urgency
from baseline_pipeline.workbench.replays.attributions import Attribution
from tests.conftest import SMALL


def cause(factor, harm, found=True, width=0.005):
    return Contribution(
        factor=factor, harm=harm, interval=(harm - width, harm + width), p_value=0.0 if found else 0.3, found=found
    )


def shared(*causes, harm=None, width=0.005, where="all", metric="brier", before=0.2, together=()):
    harm = sum(one.harm for one in causes) if harm is None else harm
    return Shared(
        metric=metric,
        slice=where,
        unit="",
        rows=1000,
        before=before,
        after=before + harm,
        harm=harm,
        interval=(harm - width, harm + width),
        contributions=causes,
        interactions=together,
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            shared(cause("model", 0.03), cause("data_values", 0.01)),
            (
                "0.030 of the 0.040 of brier lost come from the model, interval 0.025 to 0.035; "
                "0.010 from the changed values of the same rows"
            ),
        ),
        (
            shared(cause("model", 0.03), cause("data_values", -0.02)),
            (
                "0.030, more than the 0.010 in all, of brier lost come from the model, interval 0.025 to 0.035; "
                "0.020 gained from the changed values of the same rows"
            ),
        ),
        (
            shared(cause("data_values", 0.02), cause("model", -0.03)),
            (
                "0.020 of brier lost come from the changed values of the same rows, interval 0.015 to 0.025; "
                "0.030 gained from the model; 0.010 gained in all"
            ),
        ),
        (
            shared(cause("population", -0.001), cause("model", -0.03)),
            (
                "0.030 of the 0.031 of brier gained come from the model, interval 0.025 to 0.035; "
                "0.001 from the other rows"
            ),
        ),
        (
            shared(cause("population", -0.002, found=False), width=0.005),
            "brier: 0.0020 gained [-0.0030, 0.0070], and no cause is told apart from chance",
        ),
        (
            shared(cause("population", 0.012, found=False), cause("model", -0.008)),
            (
                "brier: 0.004 lost [-0.001, 0.009], and no cause of that is told apart from chance; "
                "likely: 0.012 from the other rows; 0.008 gained from the model"
            ),
        ),
    ],
)
def test_the_sentence_says_what_was_lost_and_what_was_gained(found, words):
    assert sentence(found, {}) == words


def test_the_sentence_and_the_advice_are_about_what_is_shown_to_be_harmed():
    contract = parse_contract("small/defs.yaml", SMALL, folder="small")
    rules = {one.measured.name: one for one in contract.metrics}
    whole, other = shared(cause("model", -0.002, found=False)), shared(cause("model", 0.01), metric="error_rate")
    part = shared(cause("model", 0.09), where="group=a")
    ranked = sorted((whole, other, part), key=lambda one: _urgency(rules[one.metric], one))
    without = sorted((whole, part), key=lambda one: _urgency(rules[one.metric], one))

    assert ranked == [other, part, whole]
    assert sentence(without[0], {}).startswith("all of the 0.090 of brier[group=a] lost come from the model")


def test_where_nothing_is_harmed_the_contracts_first_metric_leads():
    contract = parse_contract("small/defs.yaml", SMALL, folder="small")
    rules = {one.measured.name: one for one in contract.metrics}
    found = shared(cause("model", -0.05)), shared(cause("model", -0.01), metric="error_rate")

    assert sorted(found, key=lambda one: _urgency(rules[one.metric], one)) == list(found)
    assert advised(found[0], "small", []) == "nothing to repair: the change did good"


def test_a_relative_margin_measures_harm_by_the_baselines_value():
    text = SMALL.replace("{absolute: 0.01}", "{relative: 0.5}")
    contract = parse_contract("small/defs.yaml", text, folder="small")
    rules = {one.measured.name: one for one in contract.metrics}
    brier, error = shared(cause("model", 0.02)), shared(cause("model", 0.02), metric="error_rate")

    assert _urgency(rules["brier"], brier)[-1] == pytest.approx(-0.2)  # of 0.5 x 0.2
    assert _urgency(rules["error_rate"], error)[-1] == pytest.approx(-0.4)


def test_every_cause_that_did_harm_is_advised_on_and_no_other():
    found = shared(cause("data_values", 0.03), cause("model", 0.02), cause("dependencies", -0.01))
    text = advised(found, "small", ["x"], back=3)

    assert text.startswith("repair the feed: x first; until then the old values are the better ones; besides, ")
    assert text.endswith("bring the model that stood back: `baseline rollback small --to 3 --reason TEXT`")


def test_features_are_repaired_and_labels_are_looked_at():
    text = advised(shared(cause("data_values", 0.03)), "small", ["x"], label="y")

    assert text.startswith("repair the feed: x first; until then the old values are the better ones; besides, look at")
    assert "look at the changed labels (y): if they are right, the old figure was too good, and `baseline es" in text


def test_an_edited_function_is_undone_for_no_alias_points_at_it():
    text = advised(shared(cause("model", 0.03)), "small", [], back=3, function="trams.model:predict")

    assert text == "undo the edit of trams.model:predict, or of a file behind it: what stood was better"
    assert "lockfile" not in text


def test_the_contract_names_the_model_again_that_stood():
    text = advised(shared(cause("model", 0.03)), "small", [], stood="models:/small/3")

    assert text == "name the model that stood in the contract again: `model: {uri: models:/small/3}`"


def test_parts_of_a_whole_are_told_where_no_cause_undoes_what_another_does():
    alike = attribution_lines(shared(cause("model", 0.03), cause("data_values", 0.01)))
    apart = attribution_lines(shared(cause("data_values", 0.0201), cause("model", -0.02)))

    assert alike[1].endswith("  75%")
    assert not [one for one in apart if one.endswith("%")]


def test_the_page_shows_every_interval_and_what_causes_do_together():
    pair = Interaction(factors=("data_values", "model"), harm=0.004, interval=(0.002, 0.006))
    none = Interaction(factors=("data_values", "population"), harm=0.004, interval=(-0.002, 0.01))
    found = Attribution(
        model="small",
        decision=None,
        baseline="b" * 64,
        candidate="c" * 64,
        moved={},
        factors=("data_values", "model"),
        dropped={},
        shared=(shared(cause("model", 0.03), cause("data_values", 0.01), together=(pair, none)),),
        unmeasured={},
        features=(),
        sentence="",
        advice="",
    )
    page = attributed_html(parse_contract("small/defs.yaml", SMALL, folder="small"), found)

    assert "together, data values x model: +0.0040 [+0.0020, +0.0060]" in page
    assert "together, data values x population" not in page
    assert page.count('opacity="0.45"') == page.count('class="interval degraded"') == 2


def test_what_two_causes_make_together_does_not_read_as_nothing():
    small = Interaction(factors=("data_values", "model"), harm=0.0012, interval=(0.0002, 0.0022))
    found = shared(cause("model", 0.3), cause("data_values", 0.1), together=(small,))

    assert attribution_lines(found)[0].endswith("harm +0.400 [+0.395, +0.405]  n=1000")
    assert attribution_lines(found)[-1] == "    together, data_values x model: +0.0012 [+0.0002, +0.0022]"


def test_no_cause_is_told_as_more_than_the_whole():
    found = shared(cause("data_values", 0.032), cause("population", -0.002, found=False))

    lines = attribution_lines(found)

    assert not [one for one in lines if one.endswith("%")]


def test_an_attribution_of_the_decisions_own_rows_needs_no_word_on_rows():
    found = shared(cause("population", 0.03), cause("model", 0.01))
    others = Decided(metric="brier", slice="region=N", factor="population", harm=0.05, rows=300)
    absent = Decided(metric="brier", slice="all", factor="data_values", harm=0.05, rows=300)

    assert not in_words(found, [others, absent])
    assert in_words(found, [others.model_copy(update={"slice": "all"})]) == (
        "figures are of all 1000 rows; the decision saw harm +0.0500 on the 300 new rows alone"
    )


def test_rows_judged_beside_changed_ones_are_not_called_changed():
    found = shared(cause("data_values", 0.01))
    alone = Decided(metric="brier", slice="all", factor="data_values", harm=0.05, rows=300)
    both = alone.model_copy(update={"harm": 0.03, "rows": 900, "beside": True})

    assert in_words(found, [alone, both]).endswith(
        "+0.0500 on the 300 rows alone whose values changed and +0.0300 on the 900 rows that both data sets have, "
        "changed or not"
    )
