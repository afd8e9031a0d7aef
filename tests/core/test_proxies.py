"""A proxy is used for what it is meant for, and for nothing else."""

import pytest

from core.proxies import proxy_to


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy:3128")
    monkeypatch.setenv("NO_PROXY", "intranet,127.0.0.1:8020,.corp.example")


@pytest.mark.parametrize("address", ["https://slack.com/api/", "wss://wss-primary.slack.com/link"])
def test_web_sockets_take_the_proxy_of_the_requests(address):
    assert proxy_to(address) == "http://user:word@proxy:3128"


@pytest.mark.parametrize(
    "address",
    [
        "http://slack.com/api/",
        "https://intranet/api",
        "https://key@intranet/api",
        "https://127.0.0.1:8020/api/",
        "wss://hub.corp.example/",
        "not an address",
    ],
)
def test_what_is_reached_directly_needs_none(address):
    assert proxy_to(address) is None
