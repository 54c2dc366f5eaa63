"""What `baseline show` knows."""

import pytest

from baseline_pipeline.errors import UsageError


def test_everything_that_is_known_can_be_shown(gated):
    from baseline_pipeline.workbench.inspection.showing import known_of

    found = gated.waiting()
    bench = gated.bench()

    body, text = known_of(bench, found.digest[:10])
    assert body["decision"]["outcome"] == "hold"
    assert "decision" in text
    assert "gated comparisons" in text
    body, text = known_of(bench, found.decision.candidate[:12])
    assert body["evaluation"]["subject"]["version"] == found.candidate.version
    assert "MLflow run" in text
    assert "brier" in text
    body, text = known_of(bench, "small@1")
    assert body["baseline"]["actor"] == "Ada"
    assert "measured as agreed" in text
    for what, words in (
        ("ffff0000", "nothing is known"),
        ("small@9", "no baseline revision '9'"),
        ("what?", "is no model"),
    ):
        with pytest.raises(UsageError, match=words) as refused:
            known_of(bench, what)
        assert "baseline" in refused.value.next_step


def test_the_catalogue_lists_every_model_with_what_stands_for_it(gated):
    from baseline_pipeline.workbench.inspection.cataloguing import catalogue, catalogue_text

    assets = gated.root / "assets"
    for name, text in (("later", (assets / "small" / "defs.yaml").read_text()), ("broken", "")):
        (assets / name).mkdir()
        (assets / name / "defs.yaml").write_text(text.replace("name: small", f"name: {name}"))
    (assets / "broken" / "defs.yaml").write_text(
        "type: baseline_pipeline.orchestration.MonitoredModel\nattributes: {}\n"
    )
    (assets / "small").rename(gated.root / "gone")
    found = catalogue(gated.bench())
    text = catalogue_text(found)

    assert [(one.model, one.baseline is not None) for one in found] == [
        ("broken", False),
        ("later", False),
        ("small", True),
    ]
    assert found[2].values[0].metric == "brier"
    assert text.startswith("1 of 3 models have a baseline\nbroken\n  no baseline yet\n")
    assert "revision 1, version" in text
    assert "by Ada: measured as agreed" in text
    assert "it is not declared in this project" in text
    assert "  assets/broken/defs.yaml:2: 'data' is missing\n" in text
