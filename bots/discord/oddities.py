"""What Discord sends and nobody can read: a line of the log, and no harm to what comes next."""

import structlog

log = structlog.get_logger()

ODD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What code ends in that has read a payload as what it is not."""


def not_understood(kind: str, error: Exception) -> None:
    """Tell the operator of an event, or of a command; where it failed is for `LOG_LEVEL=debug`."""
    log.warning("event not understood", kind=kind, error=type(error).__name__, said=str(error))
    log.debug("event not understood", kind=kind, exc_info=error)
