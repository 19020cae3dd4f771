from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vitrine.ingest.file.certificate import write_certificate


def test_a_certificate_and_its_key(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    public = load_pem_private_key(key.read_bytes(), None).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
    assert read.public_key() == public
    assert read.not_valid_before_utc < read.not_valid_after_utc
