"""Faults and moments, as all servers of the sandbox use them."""

from sandbox.faults import Fault, Faults, Moment


def test_a_fault_strikes_the_nth_event_of_its_name_and_is_counted():
    faults = Faults()
    faults.add(Fault("edit", "reset", skip=2))
    struck = [faults.strike(event) for event in ("edit", "post", "edit", "edit", "edit")]

    assert [fault and fault.kind for fault in struck] == [None, None, None, "reset", None]
    assert faults.struck == {("edit", "reset"): 1}


def test_a_moment_is_acted_upon_once_and_the_event_goes_on():
    faults, seen = Faults(), []
    faults.at(Moment("edit", lambda: seen.append("now"), skip=1))

    assert [faults.strike("edit") for _ in range(3)] == [None, None, None]
    assert seen == ["now"]
    assert not faults.moments


def test_a_moment_comes_before_a_fault_at_the_same_event():
    faults, seen = Faults(), []
    fault = faults.add(Fault("edit", "reset"))
    faults.at(Moment("edit", lambda: seen.append(list(faults.waiting))))

    assert faults.strike("edit") is fault
    assert seen == [[fault]]


def test_what_concerns_another_thing_is_not_counted():
    faults = Faults()
    fault = faults.add(Fault("edit", "reset", skip=1, only_if=lambda about: about["room"] == 1))
    struck = [faults.strike("edit", {"room": room}) for room in (2, 1, 2, 1)]

    assert struck == [None, None, None, fault]
