"""A token in the contract is for sending: no byte of the home and no line that is printed holds it."""

import io
import logging
import sqlite3

import pytest
from typer.testing import CliRunner

from baseline_pipeline.cli.app import app
from baseline_pipeline.contract.monitoring import Receiver
from baseline_pipeline.errors import ContractError
from tests.workbench.recorded_service import LOGGED, healthy, service, write_contract

TOKENS = ("pl4ntedA", "pl4ntedB", "pl4ntedC", "pl4ntedD", "pl4ntedE", "pl4ntedF", "pl4ntedG")


def found_in(text):
    return [token for token in TOKENS if token in text]


def test_a_planted_token_is_in_no_byte_of_the_home_and_in_no_output(
    project,
    receiver,
    monkeypatch,
):
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    monkeypatch.setattr(logging.root, "handlers", [handler])
    monkeypatch.setattr(logging.root, "level", logging.DEBUG)
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("CHAT", "pl4ntedG")
    url, arrived, answers = receiver
    here = url.removeprefix("http://").removesuffix("/")
    told = [
        f"{{webhook: 'http://ana:pl4ntedA@{here}/pl4ntedB?key=pl4ntedC', secret: pl4ntedD}}",
        f"{{apprise: 'json://ana:pl4ntedA@{here}/pl4ntedB/${{CHAT}}'}}",
        "{webhook: 'https://127.0.0.1:9/pl4ntedE'}",
        "{apprise: 'tgram://pl4ntedF'}",
        "{apprise: 'slack://pl4ntedF/pl4ntedE/pl4ntedD'}",
    ]
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody is called
    write_contract(project, LOGGED + "  notify:\n" + "".join(f"    - {one}\n" for one in told))
    service(project, healthy(), broken_from="2026-02-25")
    said = []
    always = ("monitor small --now 2026-02-28", "monitor small --now 2026-02-28 --json --quiet", "doctor")
    others = ("check small", "run small", "incident list --json", "show small --json", "audit log --json")
    for status, verbs in ((500, (*others, *always)), (204, always)):
        answers[0] = status
        for words in verbs:
            done = CliRunner().invoke(app, words.split())
            said.append(done.output)
            assert done.exception is None or isinstance(done.exception, SystemExit)
        with sqlite3.connect(project.settings.home / "outbox.sqlite") as outbox:
            outbox.execute("UPDATE lanes SET opens = 0")  # all that failed is due
    held = {path: path.read_bytes() for path in project.settings.home.rglob("*") if path.is_file()}

    assert len(arrived) >= 3
    assert found_in("\n".join(said)) == []
    assert "apprise" not in log.getvalue()
    assert found_in(log.getvalue()) == []
    assert [path for path, content in held.items() if found_in(content.decode(errors="ignore"))] == []


def test_a_contract_that_is_kept_says_who_is_told_and_nothing_secret(project):
    write_contract(
        project,
        LOGGED
        + "  notify: [{webhook: 'https://hooks.example/pl4ntedA', secret: '${KEY}'}, {apprise: 'slack://pl4ntedB/x'}]\n",
    )
    contract = project.bench().contract("small")

    assert contract.declared()["notify"] == [
        {"webhook": "https://hooks.example/***", "secret": "${KEY}"},
        {"apprise": "slack://***"},
    ]
    assert found_in(repr(contract)) == []
    assert type(contract).model_validate(contract.declared() | {"notify": []}).name == "small"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("notify: [https://hooks.example/pl4ntedA]", r"a text stood here; accepted: a mapping with apprise"),
        (
            "notify: [{https://hooks.example/pl4ntedA}]",
            r"a word stood here that is none of the contract; accepted: app",
        ),
        ("notify: [{webhook: [pl4ntedA]}]", r"notify\.0\.webhook: a list stood here"),
        ("notify: [{webhook: https://hooks.example/pl4ntedA, form: minor}]", r"'form' is not a word .* mean 'from'"),
        ("notify: [{webhook: https://x/pl4ntedA, from: sever}]", r"a text stood here; did you mean 'severe'"),
        ("notify: pl4ntedA", r"notify: a text stood here"),
    ],
)
def test_a_contract_that_is_not_understood_is_told_without_its_secrets(project, line, words):
    write_contract(project, LOGGED + f"  {line}\n")
    with pytest.raises(ContractError, match=words) as told:
        project.bench().contract("small")

    assert found_in(str(told.value) + str(told.value.__cause__)) == []


def test_a_database_that_is_written_where_a_mapping_belongs_is_told_without_its_password(project):
    write_contract(project, LOGGED.replace('{csv: "data/*.csv"}', "postgresql://ana:pl4ntedA@db/sales"))
    with pytest.raises(ContractError, match=r"'postgresql://\*\*\*@db/sales' stood here") as told:
        project.bench().contract("small")

    assert found_in(str(told.value) + str(told.value.__cause__)) == []


def test_a_receiver_is_shown_without_its_address():
    one = Receiver(webhook="https://hooks.example/pl4ntedA", secret="pl4ntedB")

    assert repr(one) == "Receiver(since='minor')"
    assert found_in(one.model_dump_json()) == []
