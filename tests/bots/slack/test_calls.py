import pytest

from bots.slack.calls import DEFAULT_RETRY_AFTER, answered
from core.surface import RefusedForGood, RefusedForNow, Unknown


@pytest.mark.parametrize(
    ("status", "headers", "code", "outcome"),
    [
        (429, {"Retry-After": "30"}, "ratelimited", RefusedForNow(30)),
        (429, {}, "", RefusedForNow(DEFAULT_RETRY_AFTER)),
        (429, {"Retry-After": "soon"}, "", RefusedForNow(DEFAULT_RETRY_AFTER)),
        (200, {"Retry-After": "3"}, "ratelimited", RefusedForNow(3)),
        (200, {}, "message_not_found", RefusedForGood("message_not_found")),
        (200, {}, "is_archived", RefusedForGood("is_archived")),
        (404, {}, "used_url", RefusedForGood("used_url")),
        (403, {}, "", RefusedForGood("http_403")),
        (200, {}, "internal_error", Unknown("internal_error")),
        (200, {}, "fatal_error", Unknown("fatal_error")),
        (200, {}, "", Unknown("no_answer")),
        (502, {}, "", Unknown("http_502")),
        (503, {}, "service_unavailable", Unknown("service_unavailable")),
    ],
)
def test_each_answer_is_of_one_kind(status, headers, code, outcome):
    assert answered(status, headers, code) == outcome
