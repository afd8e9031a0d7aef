"""What stands between a bot and the world in many companies: a proxy, and a CA of their own."""

import asyncio
import ipaddress
import os
import ssl
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.listener import Tls

ROOT = Path(__file__).parents[2]


class Authority:
    """A CA; `file` is what SSL_CERT_FILE names."""

    def __init__(self, folder: Path, name: str = "Parley's tests") -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._signed(name, self._key, x509.BasicConstraints(True, None))
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem(self._certificate))

    def tls(self, host: str, days: int = 1) -> Tls:
        """A server's side, under a name; with days in the past its certificate has expired."""
        key, file = ec.generate_private_key(ec.SECP256R1()), self._folder / f"{host}.pem"
        try:
            name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        certificate = self._signed(host, key, x509.SubjectAlternativeName([name]), days=days)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file.write_bytes(private + _pem(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return Tls(context, host)

    def _signed(self, name, key, extension, days=1):
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=10))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(extension, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True)
class Proxy:
    """A running proxy: its address, and the file of what it was asked for."""

    port: int
    log: Path
    process: asyncio.subprocess.Process

    async def stop(self) -> None:
        """Cut every connection, and take no more."""
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()

    def address(self, login: str = "") -> str:
        """For HTTPS_PROXY."""
        return f"http://{login}{'@' if login else ''}127.0.0.1:{self.port}"

    @property
    def asked_for(self) -> list[str]:
        """The hosts, in order, one for each connection that was let through."""
        return self.log.read_text().split() if self.log.exists() else []


@asynccontextmanager
async def proxy(folder: Path, login: str = "", at: int = 0):
    """proxy.py in a process of its own; it alone knows where the names lead (`names.py`)."""
    folder.mkdir(exist_ok=True)
    port, log = folder / "proxy.port", folder / "proxy.log"
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "proxy",
            "--hostname",
            "127.0.0.1",
            "--port",
            str(at),
        ),
        *("--port-file", str(port), "--num-workers", "1", "--num-acceptors", "1"),
        *("--timeout", "60"),  # its own is as long as the pause between two signs of life
        *("--data-dir", str(folder / "proxy")),
        *("--plugins", "tests.e2e.names.Names", *(("--basic-auth", login) if login else ())),
        env={**os.environ, "PYTHONPATH": str(ROOT), "NAMES_LOG": str(log)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    running = Proxy(at, log, process)
    try:
        async with asyncio.timeout(40):
            while not (port.exists() and port.read_text().strip()):  # it tells nobody otherwise
                await asyncio.sleep(0.02)
        yield replace(running, port=int(port.read_text()))
    finally:
        await running.stop()
