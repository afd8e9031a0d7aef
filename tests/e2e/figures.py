"""What `/metrics` of a bot says, for tests."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families


def fetched(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


class Figures:
    """What `/metrics` said: values by name and labels."""

    def __init__(self, text):
        self.text = text
        self.samples = [s for f in text_string_to_metric_families(text) for s in f.samples]

    def __getitem__(self, wanted):
        name, labels = wanted
        return sum(
            one.value
            for one in self.samples
            if one.name == f"parley_{name}" and labels.items() <= one.labels.items()
        )
