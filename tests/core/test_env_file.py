"""The file `.env` as a program fills it in."""

import stat

from core.env_file import filled, read, write


def test_values_are_put_where_they_are_missing_and_read_back_as_they_were(tmp_path):
    odd = "a 'b' \\ #c $d"
    text = filled("# first\nA=\nexport B=\nC=3\n", {"A": "x", "B": odd, "D": "sk-1"})
    write(tmp_path / ".env", text)

    assert text.splitlines()[0] == "# first"
    assert read(tmp_path / ".env")[0] == {"A": "x", "B": odd, "C": "3", "D": "sk-1"}


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
