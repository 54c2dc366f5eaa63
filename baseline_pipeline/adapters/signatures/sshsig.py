"""Signatures with the SSH keys that people have already: OpenSSH's SSHSIG, checked with `cryptography`.

Source: OpenSSH, PROTOCOL.sshsig and PROTOCOL.u2f; RFC 8709 (Ed25519 in SSH).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import NoReturn

from baseline_pipeline.errors import UsageError

MAGIC = b"SSHSIG"
BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
LARGEST = 16_384
ED25519 = b"ssh-ed25519"
SK_ED25519 = b"sk-ssh-ed25519@openssh.com"
SK_ECDSA = b"sk-ecdsa-sha2-nistp256@openssh.com"
KINDS = (ED25519, SK_ED25519, SK_ECDSA)
PRESENT = 1
"""Flag of a hardware key: somebody touched it."""


class SignatureRefused(UsageError):
    """A signature that does not prove what it should."""


def verify(armored: str, message: bytes, namespace: str) -> bytes:
    """Check a signature; the key that made it is to be looked up by the caller.

    Args:
        armored: The signature as `ssh-keygen -Y sign` writes it.
        message: What should be signed.
        namespace: What for; a signature for another purpose is refused.

    Returns:
        The public key, as the bytes that stand in a key file.

    Raises:
        SignatureRefused: saying why.
    """
    blob = _unarmored(armored)
    if blob[:10] != MAGIC + struct.pack(">I", 1):
        _refuse("it is no SSH signature of version 1")
    key, rest = _string(blob[10:])
    purpose, rest = _string(rest)
    reserved, rest = _string(rest)
    algorithm, rest = _string(rest)
    signature, rest = _string(rest)
    if rest or reserved:
        _refuse("something follows that does not belong there")
    if purpose != namespace.encode():
        _refuse(f"it was made for {purpose.decode(errors='replace')!r}, not for {namespace!r}")
    if algorithm not in {b"sha512", b"sha256"}:
        _refuse("its hash is neither SHA-512 nor SHA-256")
    hashed = hashlib.new(algorithm.decode(), message).digest()
    signed = MAGIC + _packed(purpose) + _packed(b"") + _packed(algorithm) + _packed(hashed)
    _check(key, signature, signed)
    return key


def fingerprint(key: bytes) -> str:
    """As `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _check(key: bytes, signature: bytes, signed: bytes) -> None:
    from cryptography.exceptions import InvalidSignature

    kind, public = _string(key)
    signed_as, proof = _string(signature)
    if kind not in KINDS or signed_as != kind:
        names = ", ".join(one.decode() for one in KINDS)
        _refuse(f"its key is of type {kind.decode(errors='replace')!r}; accepted are {names}")
    try:
        (_ed25519 if kind != SK_ECDSA else _ecdsa)(kind, public, proof, signed)
    except (InvalidSignature, ValueError):
        _refuse("it is not over this statement, or not by this key")


def _ed25519(kind: bytes, public: bytes, proof: bytes, signed: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    raw, rest = _string(public)
    made, after = _string(proof)
    if kind == SK_ED25519:
        signed, rest, after = _touched(rest, after, signed)
    if rest or after:
        _refuse("its key or its proof is longer than it should be")
    Ed25519PublicKey.from_public_bytes(raw).verify(made, signed)


def _ecdsa(_kind: bytes, public: bytes, proof: bytes, signed: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    curve, rest = _string(public)
    point, rest = _string(rest)
    pair, after = _string(proof)
    signed, rest, after = _touched(rest, after, signed)
    first, more = _string(pair)
    second, more = _string(more)
    if curve != b"nistp256" or rest or after or more:
        _refuse("its key or its proof is not of the curve P-256")
    made = utils.encode_dss_signature(int.from_bytes(first, "big"), int.from_bytes(second, "big"))
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point).verify(made, signed, ec.ECDSA(SHA256()))


def _touched(rest: bytes, after: bytes, signed: bytes) -> tuple[bytes, bytes, bytes]:
    """What a hardware key signs: application, flags, counter, and the message's hash."""
    application, rest = _string(rest)
    if len(after) != 5:  # noqa: PLR2004  # one byte of flags, four of counter
        _refuse("a hardware key's flags and counter are missing")
    if not after[0] & PRESENT:
        _refuse("nobody touched the hardware key")
    hashed = hashlib.sha256(application).digest() + after + hashlib.sha256(signed).digest()
    return hashed, rest, b""


def _unarmored(armored: str) -> bytes:
    lines = armored.strip().splitlines()
    if len(armored) > LARGEST or len(lines) < 3 or lines[0] != BEGIN or lines[-1] != END:  # noqa: PLR2004  # begin, content, end
        _refuse(f"it does not stand between {BEGIN} and its end")
    try:
        return base64.b64decode("".join(lines[1:-1]), validate=True)
    except binascii.Error:
        _refuse("it is not written in base64")


def _string(content: bytes) -> tuple[bytes, bytes]:
    """The first length-prefixed string, and what follows (RFC 4251, section 5)."""
    if len(content) < 4:  # noqa: PLR2004  # the length itself
        _refuse("it is cut short")
    (length,) = struct.unpack_from(">I", content)
    if length > len(content) - 4:
        _refuse("it is cut short")
    return content[4 : 4 + length], content[4 + length :]


def _packed(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _refuse(why: str) -> NoReturn:
    message = f"the signature is refused: {why}"
    raise SignatureRefused(message, next_step="sign again, with your own key")
