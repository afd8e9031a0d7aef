"""Breaks single lines that deliver answers, in a copy, and sees that a named test notices."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One line of a file, what it is made, and the test that is to fail."""

    what: str
    file: str
    line: str
    instead: str
    test: str


REPLY, CHAT = "tests/core/test_reply.py::", "tests/core/test_chat.py::"

SABOTAGES = (
    Sabotage(
        "the last edit is skipped",
        "core/screen.py",
        "if slot.frozen or self._shows(slot, page):",
        "if slot.frozen or self._shows(slot, page) or (self._complete and slot.shown):",
        f"{REPLY}test_the_end_is_told_under_the_last_page_only",
    ),
    Sabotage(
        "a page is lost",
        "core/screen.py",
        "texts = list(self._pages.finished)",
        "texts = list(self._pages.finished)[:1]",
        f"{REPLY}test_a_long_answer_is_several_messages_and_finished_ones_never_change",
    ),
    Sabotage(
        "what comes of the model is appended twice",
        "core/screen.py",
        "self._pages.write(text)",
        "self._pages.write(text + text)",
        f"{REPLY}test_the_text_grows_in_one_message_and_ends_whole",
    ),
    Sabotage(
        "a repeated post is another message",
        "core/reply.py",
        'post(page, f"{self._nonce}.{slot.number}"',
        'post(page, f"{self._nonce}.{slot.number}.{self._failures}"',
        f"{REPLY}test_a_post_whose_answer_was_lost_makes_no_second_message",
    ),
    Sabotage(
        "a message that somebody has deleted is taken for one that stands",
        "core/screen.py",
        "        if gone:",
        "        if False:",
        f"{REPLY}test_a_message_that_somebody_deletes_is_posted_anew_and_whole",
    ),
    Sabotage(
        "a lease is not looked at",
        "core/store/questions.py",
        "if result.rowcount < len(wanted):",
        "if result.rowcount < 0:",
        "tests/core/store/test_store.py",
    ),
    Sabotage(
        "a question that was claimed is answered all the same",
        "core/store/questions.py",
        "return result.rowcount == 1",
        "return True",
        f"{CHAT}test_two_processes_on_one_database_answer_a_question_once",
    ),
    Sabotage(
        "a status is not cleared",
        "core/status.py",
        'self._words, self._waits = "", False',
        "self._waits = False",
        f"{CHAT}test_the_reader_sees_at_once_that_the_bot_is_at_work_and_not_for_ever",
    ),
    Sabotage(
        "a reservation is not freed",
        "core/store/ledger.py",
        "reserved=spending.c.reserved - _TAKES",
        "reserved=spending.c.reserved",
        "tests/core/test_spending.py",
    ),
    Sabotage(
        "a message that could not be recorded is forgotten",
        "core/answering.py",
        "unrecorded=running.unrecorded,",
        "unrecorded={},",
        f"{CHAT}test_a_message_that_cannot_be_recorded_at_once_is_known_with_the_end",
    ),
)


def noticed(sabotage: Sabotage, tree: Path) -> bool:
    """Whether the test fails on the broken line."""
    path = tree / sabotage.file
    whole = path.read_text()
    if sabotage.line not in whole:
        raise SystemExit(f"{sabotage.file} has no such line any more: {sabotage.line}")
    path.write_text(whole.replace(sabotage.line, sabotage.instead, 1))
    try:
        return not _passes(tree, sabotage.test)
    finally:
        path.write_text(whole)


def _passes(tree: Path, test: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    done = subprocess.run(
        command, cwd=tree, env=_environment(tree), capture_output=True, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(done.stdout.decode() + done.stderr.decode())
    return done.returncode == 0


def _environment(tree: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tree), "HOME": str(tree)}


def main() -> int:
    unnoticed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        copytree(ROOT, tree, ignore=ignore_patterns(".git", ".venv", "__pycache__", "build"))
        for sabotage in SABOTAGES:
            caught = noticed(sabotage, tree)
            unnoticed += not caught
            print(
                f"{'noticed  ' if caught else 'UNNOTICED'} {sabotage.what}: {sabotage.test}",
                flush=True,
            )
    return bool(unnoticed)


if __name__ == "__main__":
    sys.exit(main())
