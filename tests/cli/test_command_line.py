"""The command line as its users meet it: real processes."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from baseline_pipeline import __version__

BASELINE = Path(sys.executable).with_name("baseline")
VERBS = [
    "demo",
    "init",
    "doctor",
    "check",
    "run",
    "establish",
    "compare",
    "scan",
    "power",
    "show",
    "report",
    "schema",
    "backtest",
    "monitor",
    "review",
    "calibrate",
    "dev",
]


def call(*words, cwd=None, timeout=120, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BASELINE_", "DAGSTER_"))}
    return subprocess.run(
        [str(BASELINE), *words],
        cwd=cwd,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_every_verb_helps_with_an_example():
    from typer.testing import CliRunner

    from baseline_pipeline.cli.app import app

    for verb in VERBS:
        done = CliRunner().invoke(app, [verb, "--help"], prog_name="baseline")
        assert done.exit_code == 0, verb
        assert f"baseline {verb}" in done.stdout
        assert "Example:" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["approve"], "DECISION  Digest of the decision, or its beginning."),
        (["incident", "show"], "An incident, or the beginning of its name"),
        (["show"], "  Example: baseline show\n  Example: baseline show flight_delays@2\n"),
        (["calibrate"], "  Example: baseline calibrate flight_delays --name staging --output env-staging.json\n"),
    ],
)
def test_help_describes_arguments_and_keeps_examples_whole(words, said):
    from typer.testing import CliRunner

    from baseline_pipeline.cli.app import app

    help_text = CliRunner().invoke(app, [*words, "--help"], prog_name="baseline", terminal_width=80).stdout
    assert help_text.count(said) == 1


def test_help_lists_every_verb_once_in_whole_sentences():
    from typer.main import get_command
    from typer.testing import CliRunner

    from baseline_pipeline.cli.app import SECTIONS, app

    listed = [name for names in SECTIONS.values() for name in names]
    help_text = CliRunner().invoke(app, ["--help"], prog_name="baseline", terminal_width=80).stdout

    assert sorted(listed) == sorted(get_command(app).commands)
    assert "..." not in help_text.partition("ARGS]...")[2]


def test_help_names_every_verb_and_the_exit_codes():
    done = call("--help")

    assert all(verb in done.stdout for verb in VERBS)
    assert "4 inconclusive" in done.stdout


@pytest.mark.parametrize("code", ["import baseline_pipeline", "import baseline_pipeline.cli.app"])
def test_starting_is_quick_and_imports_no_vendor(code):
    probe = (
        f"import sys, time; t = time.process_time(); {code}; spent = time.process_time() - t; "
        "bad = {'dagster', 'mlflow', 'evidently', 'great_expectations', 'pandas', 'scipy', 'pyarrow'} & set(sys.modules); "
        "print(spent, sorted(bad))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    spent, _, bad = done.stdout.partition(" ")

    assert bad.strip() == "[]"
    assert float(spent) < 1.5  # beside others that work, too


def test_a_home_that_is_there_is_said_without_reading_a_vendor(project):
    probe = (
        "import atexit, sys; from baseline_pipeline.cli import main; sys.argv = ['baseline', 'init']; "
        "atexit.register(lambda: print(sorted({'dagster', 'mlflow', 'pandas'} & set(sys.modules)))); main()"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=project.root, capture_output=True, text=True, check=True)

    assert "was there already" in done.stderr
    assert done.stdout == "[]\n"


def test_a_clone_that_has_the_contract_gets_the_home_that_is_missing(tmp_path):
    defs = tmp_path / "assets" / "small" / "defs.yaml"
    defs.parent.mkdir(parents=True)
    defs.write_text("# ours\n")

    done = call("init", "small", cwd=tmp_path)

    assert (done.returncode, (tmp_path / ".baseline").is_dir()) == (0, True)
    assert "assets/small/defs.yaml is there already and stays; next: `baseline check small`" in done.stderr
    assert defs.read_text() == "# ours\n"
    assert call("init", "small", cwd=tmp_path).returncode == 2


def test_it_says_its_version():
    assert call("--version").stdout == f"baseline {__version__}\n"


def test_an_unknown_word_is_usage():
    assert call("runn").returncode == 2


def test_a_folder_without_a_project_is_told_what_to_do(tmp_path):
    done = call("show", "small", cwd=tmp_path)

    assert done.returncode == 3
    assert "baseline init" in done.stderr


def test_an_unknown_model_names_those_there_are(project):
    done = call("run", "smal", cwd=project.root)

    assert done.returncode == 2
    assert "models here: small" in done.stderr


def test_a_home_that_does_not_exist_is_refused_and_not_made(project):
    done = call("run", "small", cwd=project.root, BASELINE_HOME=str(project.root / "typo"))

    assert done.returncode == 3
    assert "does not exist" in done.stderr
    assert not (project.root / "typo").exists()


def test_a_mistyped_tracking_file_is_refused_and_not_made(project):
    done = call("run", "small", cwd=project.root, BASELINE_TRACKING_URI=f"sqlite:///{project.root}/typo.db")

    assert done.returncode == 3
    assert "no such file" in done.stderr
    assert not (project.root / "typo.db").exists()


def test_a_server_that_never_answers_ends_within_thirty_seconds(project):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(50)
        threading.Thread(target=_accept, args=(deaf,), daemon=True).start()
        started = time.monotonic()
        done = call("run", "small", cwd=project.root, BASELINE_TRACKING_URI=f"http://127.0.0.1:{deaf.getsockname()[1]}")

    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert time.monotonic() - started < 30


def _accept(deaf):
    kept = []
    while True:
        try:
            kept.append(deaf.accept())
        except OSError:
            return


def test_a_model_that_ends_the_process_while_it_is_imported_is_no_pass(project):
    (project.root / "smallmodel.py").write_text("import sys\n\nsys.exit(0)\n")
    done = call("run", "small", cwd=project.root)

    assert done.returncode == 3
    assert "asked the process to end (sys.exit(0))" in done.stderr


def test_json_goes_to_stdout_and_words_to_stderr(project):
    done = call("run", "small", "--json", cwd=project.root)
    decision = json.loads(done.stdout)

    assert done.returncode == 5
    assert decision["decision"]["hold"] == "needs_approval" if "decision" in decision else decision
    assert "scoring champion" in done.stderr


def test_a_run_a_person_and_a_report(project):
    first = call("run", "small", "--quiet", cwd=project.root)
    said = call("establish", "small", "--by", "Ada", "--reason", "as agreed", cwd=project.root)
    again = call("run", "small", "--quiet", cwd=project.root)
    report = call("report", "small", "--format", "markdown", cwd=project.root)
    shown = call("show", "small", cwd=project.root)
    doctor = call("doctor", cwd=project.root)

    assert [first.returncode, said.returncode, again.returncode] == [5, 0, 0]
    assert "HOLD: needs approval" in first.stdout
    assert "baseline revision 1" in said.stdout
    assert report.stdout.startswith("#")
    assert "the last decision is current" in shown.stdout
    assert doctor.returncode == 0, doctor.stdout


def test_who_is_logged_in_establishes_where_nobody_is_named(project, monkeypatch):
    project.run()
    monkeypatch.setenv("LOGNAME", "ada")
    said = call("establish", "small", "--reason", "as agreed", "--json", cwd=project.root)

    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["actor"] == "ada"


def test_doctor_names_a_pyspark_that_would_end_dagsters_runs(monkeypatch):
    from baseline_pipeline.errors import NotInitialised
    from baseline_pipeline.workbench.upkeep import doctor

    monkeypatch.setattr(doctor, "_installed", lambda name: name == "pyspark")
    with pytest.raises(NotInitialised, match=r"without grpc, grpc_status, google\.rpc") as found:
        doctor._spark(None)
    monkeypatch.setattr(doctor, "_installed", lambda _name: True)

    assert "pyspark[connect]" in found.value.next_step
    assert doctor._spark(None) == "installed, with Connect"


def test_doctor_names_what_is_broken(project):
    (project.root / ".baseline" / "ledger.db").unlink()
    done = call("doctor", cwd=project.root)

    assert done.returncode == 3
    assert "BAD  ledger" in done.stdout


def test_check_tells_a_broken_contract_with_its_line(project):
    file = project.root / "assets" / "small" / "defs.yaml"
    file.write_text(file.read_text().replace("label: y", "lable: y"))
    done = call("check", cwd=project.root)

    assert done.returncode == 2
    assert "defs.yaml:8" in done.stderr
    assert "did you mean 'label'?" in done.stderr


def test_check_fails_where_the_model_does_on_rows_that_are_there(project):
    project.write(project.rows())
    (project.root / "smallmodel.py").write_text('def predict(features):\n    return features["w"]\n')
    done = call("check", cwd=project.root)

    assert done.returncode == 3
    assert "small: model: version" in done.stderr
    assert "  next: " in done.stderr
    assert "small: no evaluation gets past 1 thing" in done.stderr


def test_init_makes_the_experiment_where_a_home_is_pointed_later_and_nothing_else_does(project):
    later = {"BASELINE_EXPERIMENT": "later"}
    broken = call("doctor", cwd=project.root, **later)
    first, again = (call("init", cwd=project.root, **later) for _ in range(2))

    assert "`baseline init` makes the experiment" in broken.stdout
    assert "made experiment 'later' there" in first.stderr
    assert (again.returncode, "made experiment" in again.stderr) == (0, False)
    assert "BAD" not in call("doctor", cwd=project.root, **later).stdout


@pytest.mark.slow
def test_twenty_processes_on_a_fresh_home_break_nothing(tmp_path):
    (tmp_path / "assets").mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BASELINE_", "DAGSTER_"))}
    processes = [
        subprocess.Popen([str(BASELINE), "init", "--quiet"], cwd=tmp_path, env=clean, stderr=subprocess.PIPE, text=True)
        for _ in range(20)
    ]
    told = [process.communicate(timeout=280)[1] for process in processes]
    doctor = call("doctor", cwd=tmp_path)

    assert [process.returncode for process in processes] == [0] * 20, told
    assert sum("is ready" in words for words in told) == 1
    assert doctor.returncode == 0, doctor.stdout


def test_power_says_what_could_be_seen_before_there_is_a_candidate(project):
    too_early = call("power", "small", cwd=project.root)
    project.run()
    project.establish()
    text = call("power", "small", "--disagreement", "0.05", cwd=project.root)
    data = json.loads(call("power", "small", "--json", cwd=project.root).stdout)

    assert (too_early.returncode, "baseline run small" in too_early.stderr) == (3, True)
    assert "5.0% of the decisions (as given)" in text.stdout
    assert "rows are too few for its margin" in text.stdout or "every primary can be shown" in text.stdout
    assert {one["metric"] for one in data["prospects"]} == {"brier", "error_rate"}


def test_compare_finds_the_slice_that_nobody_declared(project):
    """Rows with z > 1 come back with other values of x; z is no slice of the contract."""
    nothing = call("compare", "small", cwd=project.root)
    rows = project.rows(rows=4000)
    project.write(rows)
    project.run()
    project.establish()
    moved = rows.assign(x=np.where(rows["z"] > 1, -rows["x"], rows["x"] + 1e-6))
    project.write(moved)
    project.run()
    text = call("compare", "small", "--find-slices", cwd=project.root)
    data = json.loads(call("compare", "small", "--find-slices", "--json", cwd=project.root).stdout)
    found = data[0]["search"]["found"][0]

    project.write(project.rows(seed=9, rows=4000, start=9000))
    project.run()
    other = call("compare", "small", "--find-slices", cwd=project.root)

    assert (other.returncode, "not searched for slices: that is done on the same rows" in other.stdout) == (0, True)
    assert (nothing.returncode, "nothing was compared yet" in nothing.stderr) == (3, True)
    assert found["slice"].startswith("z >")
    assert found["confirmed"]
    assert len(found["worst_rows"]) == 5
    assert "WORSE z >" in text.stdout
    assert "about 5% of those named are false" in text.stdout
