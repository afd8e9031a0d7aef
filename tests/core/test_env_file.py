"""The file `.env` as a program fills it in."""

import stat

import pytest

from core.env_file import filled, read, write


def test_values_are_put_where_they_are_missing_and_read_back_as_they_were(tmp_path):
    odd = "a 'b' \\ #c $d"
    text = filled("# first\nA=\nexport B=\nC=3\n", {"A": "x", "B": odd, "D": "sk-1"})
    write(tmp_path / ".env", text)

    assert text.splitlines()[0] == "# first"
    assert read(tmp_path / ".env")[0] == {"A": "x", "B": odd, "C": "3", "D": "sk-1"}


@pytest.mark.parametrize(
    ("line", "filled_in"),
    [
        ('A=""\n', "A=x\n"),
        ("export A=''\n", "export A=x\n"),
        ("A= # what the portal shows\n", "A=x # what the portal shows\n"),
        ("\n  A =\n", "\n  A=x\n"),
        ("A=", "A=x\n"),
    ],
)
def test_whatever_says_nothing_is_filled_in_and_not_said_twice(tmp_path, line, filled_in):
    file = tmp_path / ".env"
    write(file, filled(line, {"A": "x"}))

    assert file.read_text() == filled_in
    assert read(file) == ({"A": "x"}, [])


@pytest.mark.parametrize("value", ["'x\nA=\ny'", "x\u2028y", "x\fy"])
def test_a_value_that_is_there_stays_as_it_is(value):
    text = f"B={value}\n"

    assert filled(text, {"A": "1"}) == f"{text}A=1\n"


def test_a_link_to_the_file_stays_one(tmp_path):
    real, link = tmp_path / "real", tmp_path / ".env"
    real.write_text("")
    link.symlink_to(real)
    write(link, "A=1\n")

    assert link.is_symlink()
    assert real.read_text() == "A=1\n"


def test_only_its_owner_may_read_what_is_written(tmp_path):
    file = tmp_path / ".env"
    file.write_text("")
    file.chmod(0o644)
    write(file, "A=1\n")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
