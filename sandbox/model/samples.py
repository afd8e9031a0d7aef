"""What the stand-in shows when it is asked for something to look at."""

CODE = '''\
Here is a function in Python, and how it is called in a shell:

```python
def fibonacci(below):
    """The Fibonacci numbers."""
    one, two = 0, 1
    while one < below:
        yield one
        one, two = two, one + two

print(*fibonacci(30))
```

```sh
python fibonacci.py
```

Each value needs only the two before it, so that memory stays the same however far it counts.
'''

TABLE = """\
Three ways to keep data, side by side:

| Store | Good for | Needs |
|:------|:---------|------:|
| SQLite | one process, one machine | nothing |
| PostgreSQL | many processes | a server |
| Redis | what may be forgotten | memory |

Start with the first; the others are for when it hurts.
"""

MARKDOWN = """\
# A tour of Markdown

Text can be **bold**, *italic*, ***both***, ~~struck out~~ or `code`.

A link looks like [this one](https://example.com/tour).

## Lists

- Apples
- Pears
  - Conference
  - Williams
- Plums

1. Measure
2. Cut
3. Measure again

## The rest

> Whoever quotes someone
> puts a bar before it.

```json
{"fenced": true, "language": "json"}
```

| Left | Right |
|:-----|------:|
| one | 1 |
| two | 22 |

---

Characters that mean nothing here: * _ ~ ` < > & @here, and an emoji 🦜.
"""

TABLES = """\
#### Where each of them comes from

| Tool | What it is for | Where to read on |
|:-----|:---------------|:-----------------|
| **pytest** | runs tests and says what went wrong in them | [docs](https://docs.pytest.org) |
| `ruff` | finds mistakes and formats, in a blink | [docs](https://docs.astral.sh/ruff) |
| mypy | checks types before anything runs | [docs](https://mypy.readthedocs.io) |

| 都市 | 人口 | ✓ |
|:-----|-----:|:-:|
| 東京 | 14,000,000 | ✅ |
| Berlin | 3,700,000 | ❌ |

- [x] Compare them
- [ ] Choose one

---

![A diagram](https://example.com/diagram.png) shows how they work together.
"""

STEPS = 130

PROGRAM = (
    "A program that is too long to read in a chat:\n\n```python\n"
    + "\n".join(
        f"def step_{number:03}(value):\n    return value * {number} % 65_521\n"
        for number in range(1, STEPS + 1)
    )
    + "```\n\nThat is all of it."
)

_FILLER = """\
A long answer has to cross several messages, and its reader must be able to trust that it did.
Whoever counts these paragraphs finds each of them once, in order, and nothing between them lost.
The text in front of you grows while it is written; a full message stays as it is, a new one begins.
The pauses between two edits are not the model's: the platforms allow so many changes a minute.
""".splitlines()

PARAGRAPHS = 48

LONG = "\n\n".join(
    f"**Paragraph {number} of {PARAGRAPHS}.** {_FILLER[number % 4]} {_FILLER[(number + 1) % 4]}"
    for number in range(1, PARAGRAPHS + 1)
)

THOUGHTS = """\
The question asks for an answer that was thought about first. Let me look at it from both sides,
weigh what speaks for each of them, and only then begin to write. Nothing of this is meant for the
reader, who sees that I think, but not what.
"""

REFUSED = "I am sorry, but I cannot help with that."
