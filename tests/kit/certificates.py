"""Certificates for tests, made by the openssl program: an authority of our own and what it signs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Made:
    certificate: Path
    key: Path


class Authority:
    """folder: where everything lies; ca.pem is to be believed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.ca, self._key = folder / "ca.pem", folder / "ca.key"
        _openssl("req", "-x509", *_NEW_KEY, "-keyout", self._key, "-out", self.ca, "-days", "2", "-subj", "/CN=Test CA")

    def make(self, name: str, *, host: str, days: int = 2, into: Path | None = None) -> Made:
        """A certificate for a host name or an IP address. days below 0: it has expired."""
        folder = into or self._folder
        made = Made(folder / f"{name}.pem", folder / f"{name}.key")
        request, more = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        kind = "IP" if host.replace(".", "").isdigit() or ":" in host else "DNS"
        more.write_text(f"subjectAltName={kind}:{host}\n")
        _openssl("req", *_NEW_KEY, "-keyout", made.key, "-out", request, "-subj", f"/CN={name}")
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial",
            "-out", made.certificate, "-days", str(days), "-extfile", more,
        )  # fmt: skip
        return made


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
