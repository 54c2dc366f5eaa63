"""`baseline demo`."""

from __future__ import annotations

from baseline_pipeline.cli.output import progress, say


def command() -> None:
    """Watch the whole job on a year of real flights; takes a minute or two.

    Trains models, establishes a baseline, breaks a feed, promotes a challenger and refuses a damaged
    one. Everything it writes lies below demo/ and the home.

    Example: baseline demo
    """
    step = progress(quiet=False)
    step("starting: reading libraries and the flights of 2013")
    from baseline_pipeline.demo import stage
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.setup import make_home

    settings = load_settings()
    folder = stage.clear(settings)
    from baseline_pipeline.demo.beside import Beside
    from baseline_pipeline.demo.training import models

    with Beside(models) as trained:  # on another core, while libraries are read here
        from baseline_pipeline.demo.story import Story
        from baseline_pipeline.monitoring.trigger import WatchedFacet
        from baseline_pipeline.orchestration.in_process import tick_and_run
        from baseline_pipeline.orchestration.instance import instance_for_runs, make_dagster_home

        make_home(settings, [make_dagster_home, stage.bring_environments_back])
        step(f"home {settings.home}; MLflow at {settings.tracking_shown}")
        with instance_for_runs(settings) as instance:

            def look(facet: WatchedFacet) -> str | None:
                return tick_and_run(instance, story.contract, settings.project, facet, step)

            story = Story(settings, folder, say, look, trained)
            story.play()
    say("Dagster's pages:  make dev")
    say("next to type:     .venv/bin/baseline show flight_delays")
