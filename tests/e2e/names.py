"""A plugin of proxy.py: names that only the proxy knows, and a log of what it lets through."""

import os
from pathlib import Path

from proxy.http.parser import HttpParser
from proxy.http.proxy import HttpProxyBasePlugin


class Names(HttpProxyBasePlugin):
    """Every name leads to this machine; its log has a line for each connection."""

    def resolve_dns(self, host, port):
        return "127.0.0.1", None

    def handle_client_request(self, request: HttpParser):
        with Path(os.environ["NAMES_LOG"]).open("a") as log:
            log.write(f"{request.host.decode()}\n")
        return request
