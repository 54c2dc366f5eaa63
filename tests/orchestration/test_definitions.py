"""What Dagster loads of a project with several models."""

import gc
import runpy

import dagster as dg

from baseline_pipeline import definitions as served
from baseline_pipeline.orchestration.component import model_parts
from baseline_pipeline.orchestration.resources import with_resources
from tests.conftest import SMALL


def parts(project, name):
    folder = project.root / "assets" / name
    folder.mkdir(exist_ok=True)
    (folder / "defs.yaml").write_text(
        SMALL.replace("name: small", f"name: {name}").replace("    expectations: expectations.yaml\n", "")
    )
    return model_parts(project.bench().contract(name), project.root)


def test_several_models_share_what_their_assets_use(project):
    both = dg.Definitions.merge(*(parts(project, name) for name in ("one", "two")))

    definitions = with_resources(both, project.root)

    assert {job.name for job in definitions.get_repository_def().get_all_jobs()} >= {"one", "two"}


def test_a_resource_of_the_project_comes_first(project):
    own = object()
    given = dg.Definitions(resources={"stage_values": dg.ResourceDefinition.hardcoded_resource(own)})

    definitions = with_resources(dg.Definitions.merge(parts(project, "one"), given), project.root)

    assert definitions.resources["stage_values"] is given.resources["stage_values"]


def test_what_dagster_serves_looks_for_garbage_seldom(monkeypatch):
    asked = []
    monkeypatch.setattr(gc, "set_threshold", lambda *numbers: asked.append(numbers))
    runpy.run_path(served.__file__)

    assert asked == [(100_000, 20, 100)]
