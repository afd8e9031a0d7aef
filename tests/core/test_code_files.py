"""Long code stands below its answer as a file, besides; nothing else does."""

import asyncio

import pytest

from core.attachments import TRIES, add
from core.code_files import code_files
from core.pages import utf8, utf16
from core.surface import Delivered, Limit, RefusedForGood, RefusedForNow, Unknown
from tests.core.paper import Paper
from tests.virtual import virtually

LIMIT = Limit(200, utf16)
LINES = [f"line_{n} = {n}" for n in range(60)]
CODE = "\n".join(LINES)


def named(text, limit=LIMIT):
    return {file.name: file.data.decode() for file in code_files(text, limit)}


def test_a_block_longer_than_two_messages_is_a_file_with_the_name_of_its_language():
    assert named(f"Here:\n\n```python\n{CODE}\n```\n\nDone.") == {"answer.py": f"{CODE}\n"}


def test_shorter_blocks_are_none_however_many_there_are():
    assert named("```py\nshort = 1\n```\n\ntext\n\n" * 40) == {}


def test_long_text_without_code_is_none():
    assert named("word " * 1000) == {}


def test_several_are_told_apart_by_their_number():
    text = f"```js\n{CODE}\n```\nand\n~~~~\n{CODE}\n~~~~\nand\n```Rust\n{CODE}\n```"

    assert list(named(text)) == ["answer.js", "answer-2.txt", "answer-3.rs"]


@pytest.mark.parametrize("language", ["../../etc/passwd", "exe", "py;rm", "x" * 30, "Python {.x}"])
def test_no_language_makes_a_name_that_is_not_harmless(language):
    (name,) = named(f"```{language}\n{CODE}\n```")

    assert name in ("answer.txt", "answer.py")


def test_code_that_is_cut_off_is_a_file_as_far_as_it_goes():
    assert named(f"```sh\n{CODE}") == {"answer.sh": f"{CODE}\n"}


def test_the_marks_of_a_quote_and_the_margin_of_a_list_are_no_part_of_it():
    quoted = "\n".join(f"> {line}" for line in LINES)
    listed = "\n".join(f"   {line}" for line in LINES)

    assert named(f"> ```py\n{quoted}\n> ```") == {"answer.py": f"{CODE}\n"}
    assert named(f"1. ```py\n{listed}\n   ```") == {"answer.py": f"{CODE}\n"}


def test_size_is_counted_as_the_platform_does():
    code = "é" * 150
    text = f"```\n{code}\n{code}\n```"

    assert named(text, Limit(200, utf8))
    assert not named(text, Limit(200, utf16))


def added(paper, text=f"```py\n{CODE}\n```"):
    virtually(add(paper, code_files(text, LIMIT), "r"))
    return [(nonce, [file.name for file in files]) for nonce, files in paper.attached]


def test_what_is_refused_for_now_is_tried_again_under_the_same_name():
    paper = Paper()
    paper.file_answers += [RefusedForNow(3.0), Unknown("lost"), Delivered("f")]

    assert added(paper) == [("r.f0", ["answer.py"])] * 3


def test_what_is_refused_for_good_is_left(capsys):
    paper = Paper()
    paper.file_answers.append(RefusedForGood("50013"))

    assert len(added(paper)) == 1
    assert "50013" in capsys.readouterr().out


def test_it_ends_when_the_platform_never_takes_it():
    paper = Paper()
    paper.file_answers += [RefusedForNow(3.0)] * 10

    assert len(added(paper)) == TRIES


def test_a_platform_that_hangs_is_left(capsys):
    class Hanging(Paper):
        async def attach(self, files, nonce):
            await asyncio.Event().wait()

    assert added(Hanging()) == []
    assert "not within" in capsys.readouterr().out


def test_many_files_are_messages_of_ten():
    paper = Paper()
    names = added(paper, f"```py\n{CODE}\n```\n" * 12)

    assert [(nonce, len(files)) for nonce, files in names] == [("r.f0", 10), ("r.f1", 2)]
