"""Reads spoilt files as the bot does, with bounded memory: `python -m tests.fuzz.reading`.

Whatever it ends by but a count of what was tried is a fault.
"""

import faulthandler
import resource
import signal
import sys
import time

from core import pdfs, pictures, texts
from core.errors import FileUnread
from core.files import PARSE_TIMEOUT
from tests.fuzz.files import seeds, spoilt
from tests.fuzz.mutation import BATCH, rounds


class _Ended(BaseException):
    """The process of a PDF would have been ended now."""


def main():
    resource.setrlimit(resource.RLIMIT_AS, (pdfs.MOST_MEMORY, pdfs.MOST_MEMORY))
    signal.signal(signal.SIGPROF, _end)
    whole, tried = list(seeds().values()), 0
    for chance in rounds(0.4):
        for _ in range(BATCH):
            tried += 1
            read(spoilt(chance, chance.choice(whole), whole))
    sys.stdout.write(str(tried))


def read(data):
    """What a file says, as text and pictures that can be sent; None: nothing that can be read."""
    # Nobody can end a thread, so what is read in one has to end by itself.
    faulthandler.dump_traceback_later(PARSE_TIMEOUT * 2, exit=True)
    try:
        return _read(data)
    except FileUnread:
        return None
    finally:
        faulthandler.cancel_dump_traceback_later()


def _read(data):
    if pictures.is_picture(data):
        image = pictures.opened(data).image
        assert pictures.is_picture(image.data)
        assert max(image.width, image.height) <= pictures.LARGEST_SIDE
        return image
    words = _pdf(data) if pdfs.is_pdf(data) else texts.decoded(data)
    if words is not None:
        words.text.encode("utf-8", "surrogatepass")
        assert len(words.text) <= 2 * texts.MOST
    return words


def _pdf(data):
    signal.setitimer(signal.ITIMER_PROF, pdfs.CPU_SECONDS)
    try:
        return pdfs.read(data, time.monotonic)
    except _Ended:
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _end(*_):
    raise _Ended


if __name__ == "__main__":
    main()
