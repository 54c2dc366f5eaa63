"""Functions of the user's own: measured, compared, and tried before anything runs."""

from itertools import chain

import numpy as np
import pytest

from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.upkeep.checking import check_contract

OWN = """\
import numpy as np

RATE = {"late": 25.0}


def cost(rows):
    return np.where(rows["prediction"] != rows["label"], 10.0, 0.0) + rows["z"].abs()


def hidden(rows):
    return rows["score"] * RATE["late"]


def broken(rows):
    return rows["no_such_column"]


def total(rows):
    return [rows["score"].sum()]
"""


@pytest.fixture
def own(project, request):
    """A metric of the user's own in the contract; its module's name is the test's, for modules stay imported."""
    module = f"own_{request.node.name.partition('[')[0]}"
    (project.root / f"{module}.py").write_text(OWN)
    contract = project.root / "assets" / "small" / "defs.yaml"
    text = contract.read_text()

    def name(function, **more):
        columns = ", columns: [z]" if function == "cost" else ""
        rule = f"{{metric: own, function: '{module}:{function}', unit: EUR{columns}, margin: {{absolute: 1}}}}"
        contract.write_text(text + f"    - {rule}\n")

    return name


def test_a_loss_of_ones_own_is_measured_by_slice_and_compared(project, own):
    own("cost")
    rows = project.rows()
    project.write(rows)
    project.run()
    baseline = project.establish()
    bench = project.bench()
    values = {(m.metric, m.slice): m for m in load_evaluation(bench, "small", baseline.evaluation).metrics}
    wrong = (1 / (1 + np.exp(-rows["x"])) >= 0.5).astype(int) != rows["y"]

    assert values["own", "all"].value == pytest.approx((10 * wrong + rows["z"].abs()).mean())
    assert ("own", "group=a") in values
    project.write(rows.assign(x=-rows["x"]))
    decision = project.run()
    assert any(reason.startswith("own degraded (data values, paired)") for reason in decision.reasons)


def test_a_function_that_was_edited_answers_as_it_stands_in_a_process_that_lives_on(project, own, request):
    module, helper = project.root / f"own_{request.node.name}.py", project.root / "prices_of_own.py"
    helper.write_text("PRICE = 10.0\n")
    own("cost")
    module.write_text(f"from prices_of_own import PRICE\n{OWN}".replace("10.0, 0.0", "PRICE * 1, 0.0"))
    rows = project.rows()
    project.write(rows)
    project.run()
    project.establish()
    wrong = (1 / (1 + np.exp(-rows["x"])) >= 0.5).astype(int) != rows["y"]

    for file, before, after, price in ((module, "* 1", "* 2", 20), (helper, "= 10.0", "= 20.0", 40)):
        file.write_text(file.read_text().replace(before, after))
        side = load_comparison(project.bench(), "small", project.run().comparison).contrasts[0].candidate
        found = {(m.metric, m.slice): m for m in load_evaluation(project.bench(), "small", side.evaluation).metrics}
        assert found["own", "all"].value == pytest.approx((price * wrong + rows["z"].abs()).mean())


@pytest.mark.parametrize(
    ("function", "words"),
    [("broken", "failed: KeyError: 'no_such_column'"), ("total", "gave values of shape (1,) for 1500 rows")],
)
def test_a_function_that_fails_is_that_metrics_end_and_not_the_runs(project, own, function, words):
    own(function)
    project.write(project.rows())
    project.run()
    baseline = project.establish()
    values = {(m.metric, m.slice): m for m in load_evaluation(project.bench(), "small", baseline.evaluation).metrics}

    assert values["own", "all"].value is None
    assert words in values["own", "all"].note
    assert values["brier", "all"].value is not None


def test_check_calls_a_function_of_ones_own_and_names_what_it_reads(project, own):
    from baseline_pipeline.workbench.upkeep.checking import check_contract

    project.write(project.rows())
    found = {}
    for function in ("cost", "hidden", "broken", "total"):
        own(function)
        found[function] = " | ".join(
            map(str, chain(*check_contract(project.settings, project.bench().contract("small"))))
        )

    assert found["cost"] == ""
    assert "reads RATE, which is not among its arguments" in found["hidden"]
    assert "fails on 0 rows: KeyError" in found["broken"]
    assert "gives shape (1,) for 0 rows" in found["total"]


def test_check_names_stages_and_training_that_cannot_be_imported(project):
    from baseline_pipeline.workbench.upkeep.checking import check_contract

    project.write(project.rows())
    model = {
        "stages": "smallmodel:layers",
        "training": {"entry": "nowhere:fit", "window": ["2026-01-01", "2026-01-02"]},
    }
    contract = project.bench().contract("small")
    contract = contract.model_copy(update={"model": type(contract.model)(function="smallmodel:predict", **model)})
    words = " | ".join(map(str, chain(*check_contract(project.settings, contract))))

    assert "model.stages: smallmodel:layers cannot be imported" in words
    assert "model.training.entry: nowhere:fit cannot be imported" in words


def test_a_scenario_of_ones_own_that_is_not_there_is_found_by_check(project, own):
    own("cost")
    contract = project.root / "assets" / "small" / "defs.yaml"
    module = "own_test_a_scenario_of_ones_own_that_is_not_there_is_found_by_check"
    contract.write_text(f"{contract.read_text()}  scenarios: ['{module}:gone', '{module}:total', unit_error]\n")

    found = check_contract(project.settings, project.bench().contract("small")).findings

    (words,) = (one for one in found if one.startswith("scenarios"))
    assert words.startswith(f"scenarios: {module}:gone cannot be imported")
