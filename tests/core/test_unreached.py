"""What stands between us and somebody else, in words that lead past it."""

import aiohttp
import pytest

from core.certificates import trusted
from core.errors import NotReached
from core.model import Model, Timeouts
from core.unreached import UNREACHED, obstacle
from sandbox.model import ModelServer
from tests.e2e.wall import Authority


async def why_not(address, **options):
    """What is said of a request in vain."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted())) as session:
        with pytest.raises(UNREACHED) as refused:
            await session.get(address, **options)
    return obstacle(refused.value)


async def test_where_nobody_listens():
    assert await why_not("http://127.0.0.1:9/") == (
        "127.0.0.1:9 does not answer: Connection refused"
    )


async def test_a_name_that_nobody_knows():
    assert "parley.invalid:443 does not answer: " in await why_not("https://parley.invalid/")


async def test_a_server_without_tls():
    server = ModelServer()
    await server.start()
    said = await why_not(server.base_url.replace("http", "https"))
    await server.stop()

    assert "does not answer" in said
    assert "Operation not permitted" not in said
    assert "SSL" in said


@pytest.mark.parametrize(
    ("host", "days", "what"),
    [("elsewhere.test", 1, "IP address mismatch"), ("127.0.0.1", -1, "has expired")],
)
async def test_what_no_ca_makes_better(host, days, what, tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server = ModelServer(tls=authority.tls(host, days))
    await server.start()
    said = await why_not(server.base_url.replace(host, "127.0.0.1"))
    await server.stop()

    assert said.startswith("the certificate of 127.0.0.1 is not good: ")
    assert what in said
    assert "SSL_CERT_FILE" not in said


async def test_a_model_behind_an_unknown_ca(tmp_path):
    server = ModelServer(tls=Authority(tmp_path).tls("127.0.0.1"))
    await server.start()
    model = Model(api_key="k", base_url=server.base_url, timeouts=Timeouts())
    with pytest.raises(NotReached, match="SSL_CERT_FILE must name a file"):
        await model.names()
    await model.close()
    await server.stop()


async def test_the_systems_certificates_are_trusted_beside_those_of_ones_own(tmp_path, monkeypatch):
    before = trusted().cert_store_stats()["x509_ca"]
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).file))

    assert trusted().cert_store_stats()["x509_ca"] >= before
    assert any("Parley's tests" in str(one) for one in trusted().get_ca_certs())
