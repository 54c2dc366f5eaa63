"""Signatures of OpenSSH verify here; what is not one, or not ours, is refused with its reason."""

import base64
import hashlib
import shutil
import struct
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from baseline_pipeline.adapters.signatures.ssh_keygen import sign
from baseline_pipeline.adapters.signatures.sshsig import SignatureRefused, fingerprint, verify
from baseline_pipeline.errors import UsageError

SPACE = "test@baseline-pipeline"
MESSAGE = b"approve decision 42\n"


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    assert shutil.which("ssh-keygen"), "OpenSSH's client is needed"
    path = tmp_path_factory.mktemp("ssh") / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def armored(key):
    return sign(MESSAGE, SPACE, key)


def public(key):
    return base64.b64decode(key.with_suffix(".pub").read_text().split()[1])


def packed(content):
    return struct.pack(">I", len(content)) + content


def made(kind, body, proof):
    """An armoured signature put together by hand, as a hardware key's would be."""
    blob = b"SSHSIG" + struct.pack(">I", 1) + packed(packed(kind) + body) + packed(SPACE.encode()) + packed(b"")
    blob += packed(b"sha512") + packed(packed(kind) + proof)
    text = base64.b64encode(blob).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"


def to_sign():
    hashed = hashlib.sha512(MESSAGE).digest()
    return b"SSHSIG" + packed(SPACE.encode()) + packed(b"") + packed(b"sha512") + packed(hashed)


def test_a_signature_of_openssh_verifies_here_and_names_its_key(key, armored):
    found = verify(armored, MESSAGE, SPACE)

    assert found == public(key)
    listed = subprocess.run(["ssh-keygen", "-lf", key], capture_output=True, text=True, check=True).stdout
    assert fingerprint(found) in listed


def test_the_agent_signs_where_only_the_public_key_is_at_hand(key, tmp_path, monkeypatch):
    started = subprocess.run(["ssh-agent", "-a", tmp_path / "agent"], capture_output=True, text=True, check=True)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    number = started.stdout.partition("SSH_AGENT_PID=")[2].partition(";")[0]
    try:
        subprocess.run(["ssh-add", "-q", key], check=True, capture_output=True)
        alone = tmp_path / "ada.pub"
        alone.write_text(key.with_suffix(".pub").read_text())
        assert verify(sign(MESSAGE, SPACE, alone), MESSAGE, SPACE) == public(key)
    finally:
        subprocess.run(["kill", number], check=True)


@pytest.mark.parametrize(
    ("message", "space", "words"),
    [
        (b"approve decision 43\n", SPACE, "not over this statement"),
        (MESSAGE, "other@baseline-pipeline", "made for 'test@baseline-pipeline'"),
    ],
)
def test_another_statement_or_purpose_is_refused(armored, message, space, words):
    with pytest.raises(SignatureRefused, match=words):
        verify(armored, message, space)


def test_no_changed_bit_passes(key, armored):
    lines = armored.strip().splitlines()
    blob = base64.b64decode("".join(lines[1:-1]))
    for place in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[place // 8] ^= 1 << place % 8
        text = "\n".join([lines[0], base64.b64encode(bytes(changed)).decode(), lines[-1]])
        try:
            found = verify(text, MESSAGE, SPACE)
        except SignatureRefused:
            continue
        assert found != public(key)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "-----BEGIN SSH SIGNATURE-----\n!!\n-----END SSH SIGNATURE-----", "x" * 20_000]
)
def test_what_is_no_signature_is_refused(text):
    with pytest.raises(SignatureRefused, match="the signature is refused"):
        verify(text, MESSAGE, SPACE)


@pytest.mark.parametrize(("flags", "words"), [(1, None), (0, "nobody touched")])
def test_hardware_keys_count_when_touched(flags, words):
    private = ed25519.Ed25519PrivateKey.generate()
    after = struct.pack(">BI", flags, 7)
    signed = hashlib.sha256(b"ssh:").digest() + after + hashlib.sha256(to_sign()).digest()
    raw = private.public_key().public_bytes_raw()
    one = made(b"sk-ssh-ed25519@openssh.com", packed(raw) + packed(b"ssh:"), packed(private.sign(signed)) + after)

    curve = ec.generate_private_key(ec.SECP256R1())
    first, second = utils.decode_dss_signature(curve.sign(signed, ec.ECDSA(hashes.SHA256())))
    pair = packed(b"\0" + first.to_bytes(32, "big")) + packed(b"\0" + second.to_bytes(32, "big"))
    point = curve.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    body = packed(b"nistp256") + packed(point) + packed(b"ssh:")
    other = made(b"sk-ecdsa-sha2-nistp256@openssh.com", body, packed(pair) + after)

    for armored in (one, other):
        if words:
            with pytest.raises(SignatureRefused, match=words):
                verify(armored, MESSAGE, SPACE)
        else:
            assert verify(armored, MESSAGE, SPACE)


def test_keys_of_other_kinds_are_refused(tmp_path):
    path = tmp_path / "rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", str(path)], check=True)

    with pytest.raises(SignatureRefused, match="of type 'ssh-rsa'"):
        verify(sign(MESSAGE, SPACE, path), MESSAGE, SPACE)


def test_without_a_key_the_next_step_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"no SSH key: neither"):
        sign(MESSAGE, SPACE, None)
