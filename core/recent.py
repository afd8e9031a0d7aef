"""Ids that came by lately."""

KEPT = 10_000


class Recent:
    """The newest ids; the one kept longest is forgotten when there are many."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def add(self, id_: str) -> bool:
        """Keep an id; whether it is new."""
        is_new = id_ not in self
        self._ids.pop(id_, None)
        self._ids[id_] = None
        if len(self._ids) > KEPT:
            del self._ids[next(iter(self._ids))]
        return is_new

    def __contains__(self, id_: str) -> bool:
        return id_ in self._ids
