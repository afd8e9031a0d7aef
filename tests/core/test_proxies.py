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


@pytest.mark.parametrize("address", ["https://10.1.2.3:8000/v1", "wss://[fd00::7]/link"])
def test_networks_can_be_left_out(address, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet, 10.0.0.0/8, fd00::/8")

    assert proxy_to(address) is None


def test_a_host_outside_of_the_networks_takes_the_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8")

    assert proxy_to("https://11.1.2.3/") == proxy_to("https://slack.com/") is not None
