"""Schedules of faults against the whole bot: its process, its libraries, sockets on loopback.

    python -m tests.faults.real --platform slack --seed 17      one schedule again, told in full
    make soak SEEDS=200 KILLS=100 MINUTES=30                    hundreds of them, kills and load

A schedule (`schedule`) is made from a seed: questions, faults keyed to events of the protocols
(the third chat.update, the fortieth chunk of the second answer), and what people, platforms and
operators do at such an event. It is `played` in a `Town` of its own, and afterwards the `law` is
held against what people see (`screen`) and what is on record (`records`).
"""
