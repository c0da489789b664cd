#!/usr/bin/env python3
"""Draws src/early/transitions.h as a document. tools/check_docs.py holds docs/states.md against it."""
import re
from pathlib import Path

root = Path(__file__).resolve().parent.parent
source = root / "src/early/transitions.h"


def tables() -> dict[str, list[tuple[str, str, str]]]:
    """Each constexpr array of the header: its name, and its rows (from, on, to)."""
    found = {}
    for m in re.finditer(r"inline constexpr std::array (\w+)_transitions\{(.*?)\n\};", source.read_text(), re.S):
        found[m[1]] = re.findall(r'Transition\{"(\w+)", "(\w+)", "(\w+)"\}', m[2])
    assert len(found) == 2 and all(found.values()), f"{source}: two tables were expected"
    return found


def diagram(rows: list[tuple[str, str, str]]) -> list[str]:
    """A mermaid state diagram; rows between the same two states share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, event, to in rows:
        arrows.setdefault((state, to), []).append(event)
    out = ["```mermaid", "stateDiagram-v2", "    [*] --> Start"]
    out += [f"    {state} --> {to}: {'<br/>'.join(events)}" for (state, to), events in arrows.items()]
    return out + ["    Complete --> [*]", "    Refused --> [*]", "```"]


def matrix(rows: list[tuple[str, str, str]]) -> list[str]:
    """One line per state: which events may come, and where they lead."""
    out = ["| state | event | next |", "|---|---|---|"]
    by: dict[tuple[str, str], list[str]] = {}
    for state, event, to in rows:
        by.setdefault((state, event), []).append(to)
    return out + [f"| {state} | {event} | {' or '.join(to)} |" for (state, event), to in by.items()]


def document() -> str:
    out = ["# States of a handshake", "",
           "Generated from `src/early/transitions.h` by `tools/check_docs.py --write`.", "",
           "Events are what a stack adapter tells the core (`src/early/events.h`). Every other event in a state is refused",
           "as `unexpected_message`. From every state the next one may also be `Refused`, which is final and answers every",
           "further event with the same reason; `Complete` is the only state that opens the gate to application data."]
    for name, rows in tables().items():
        out += ["", f"## {name.capitalize()}", "", *diagram(rows), "", *matrix(rows)]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    print(document(), end="")
