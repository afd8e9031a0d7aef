"""`make figures` and `make audit` say what was tried, and what was not."""

import socket

from tests import audit, figures


def test_what_each_program_has_left_stands_in_one_table(tmp_path):
    output = tmp_path / "soak.json"
    figures.keep("virtual", {"core": {"schedules": 5000, "breaches": 0}}, output)
    figures.keep("real", {"slack": {"faults": {"reset": 2, "slow": 1}, "breaches": 1}}, output)
    figures.keep("virtual", {"core": {"schedules": 1, "breaches": 1}}, output)
    lines = [line.split() for line in figures.table(figures.kept(output)).splitlines()]

    assert ["schedules", "1"] in lines
    assert ["faults", "3"] in lines
    assert ["reset", "2"] in lines
    assert lines[-1] == ["2", "promises", "broken"]


def test_an_audit_that_reaches_nobody_says_that_nothing_was_checked(capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        service = f"http://127.0.0.1:{free.getsockname()[1]}"

        assert audit.main(service) == 2
    said = capsys.readouterr().err
    assert "nothing was checked" in said
    assert service in said
