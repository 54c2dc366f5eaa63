"""Who may do what: read strictly, and each refusal in its own words."""

import base64
import datetime as dt
import shutil
import subprocess

import pytest

from baseline_pipeline.errors import ContractError
from baseline_pipeline.governance.roster import Refused, read_roster
from baseline_pipeline.governance.statements import NAMESPACE

NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(32)).decode()
OTHER = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(31) + b"\1").decode()
RAW = base64.b64decode(KEY)


def roster(line):
    return read_roster(f"# people\n\n{line}\n")


def test_a_line_says_who_may_do_what():
    found = roster(
        f'ada@example.com,ada valid-before="20270101" ssh-ed25519 {KEY} Ada roles=approve,establish models=m'
    )

    member = found.entitled(RAW, "approve", "m", NAMESPACE, NOW)
    assert member.person == "ada@example.com"
    assert found.names_of("ada@example.com") == {"ada", "ada@example.com"}
    assert found.owner(RAW) == "ada@example.com"
    assert found.owner(b"x") is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"bob ssh-ed25519 {OTHER} roles=approve", "in nobody's line of the roster"),
        (f"ada ssh-ed25519 {KEY} roles=approve revoked=2026-06-15", "is revoked since 2026-06-15"),
        (f'ada valid-before="20260615" ssh-ed25519 {KEY} roles=approve', "expired at 20260615"),
        (f'ada valid-after="202606151300" ssh-ed25519 {KEY} roles=approve', "valid from 20260615130000 on"),
        (f'ada namespaces="git,file" ssh-ed25519 {KEY} roles=approve', "is for git, file, not for statement@"),
        (f"ada ssh-ed25519 {KEY} roles=establish,roll_back", "may establish, roll back, not approve"),
        (f"ada ssh-ed25519 {KEY}", "may do nothing, not approve"),
        (f"ada ssh-ed25519 {KEY} roles=approve models=n", "may do that to n, not to m"),
    ],
)
def test_each_refusal_has_its_own_words(line, words):
    with pytest.raises(Refused, match=words):
        roster(line).entitled(RAW, "approve", "m", NAMESPACE, NOW)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ada", "line 3: 'ada' stood here"),
        (f"ada ssh-rsa {KEY} roles=approve", "line 3: a key of type 'ssh-rsa'"),
        ("ada ssh-ed25519 !!! roles=approve", "line 3: the key is not written in base64"),
        (f"ada ssh-ed25519 {KEY} roles=aprove", "line 3: the role 'aprove' stood here"),
        (f"ada ssh-ed25519 {KEY} role=approve", "line 3: 'role=approve' stood here"),
        (f"ada ssh-ed25519 {KEY} revoked=yesterday", "line 3: revoked=yesterday stood here"),
        (f'ada valid-before="soon" ssh-ed25519 {KEY}', "line 3: the time 'soon' stood here"),
        (f'ada cert-authority="x" ssh-ed25519 {KEY}', "line 3: the option 'cert-authority' stood here"),
        (f"ada ssh-ed25519 {KEY}\nbob ssh-ed25519 {KEY}", "ada and bob have the same key"),
    ],
)
def test_what_is_no_roster_is_refused_with_its_line(line, words):
    with pytest.raises(ContractError, match=words):
        roster(line)


def test_the_digest_moves_with_people_and_roles():
    one, other = (roster(f"ada ssh-ed25519 {KEY} roles={role}") for role in ("approve", "override"))

    assert one.digest != other.digest
    assert one.digest == roster(f"ada   ssh-ed25519 {KEY}   roles=approve").digest


def test_openssh_reads_the_same_file(tmp_path):
    assert shutil.which("ssh-keygen"), "OpenSSH's client is needed"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    public = " ".join((tmp_path / "key.pub").read_text().split()[:2])
    line = f'ada@example.com,ada namespaces="{NAMESPACE}",valid-before="20990101" {public} roles=approve models=m'
    assert read_roster(line).members
    (tmp_path / "allowed_signers").write_text(line + "\n")
    (tmp_path / "text").write_text("hello\n")
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", tmp_path / "key", tmp_path / "text"], check=True
    )
    done = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", tmp_path / "allowed_signers", "-I", "ada", "-n", NAMESPACE]
        + ["-s", tmp_path / "text.sig"],
        input=b"hello\n",
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
