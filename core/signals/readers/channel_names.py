"""Names that come from files: cleaned for display, and unique."""

import unicodedata
from collections.abc import Sequence

MAX_NAME_LENGTH = 80
_WORDS = {"auto", "none"}  # of reading options: a column of that name could not be chosen
_INVISIBLE = {"Cc", "Cf", "Cs", "Cn"}  # control, format (zero width, direction), surrogates


def clean_name(text: str) -> str:
    """One line without invisible characters, at most 80 characters long."""
    spaced = "".join(" " if char in "\t\r\n" else char for char in text)
    visible = "".join(char for char in spaced if unicodedata.category(char) not in _INVISIBLE)
    name = " ".join(visible.split())
    return name if len(name) <= MAX_NAME_LENGTH else name[: MAX_NAME_LENGTH - 1] + "…"


def unique_names(raw: Sequence[str], what: str = "column") -> tuple[tuple[str, ...], list[str]]:
    """Clean names, made unique, and a note on every change that a reader might miss.

    An empty name becomes `column 3`, counted from 1; a repeated one gets ` (2)`.
    """
    taken: set[str] = set()
    names, notes = [], []
    for number, text in enumerate(raw, start=1):
        cleaned = clean_name(text)
        name = cleaned or f"{what} {number}"
        is_word = name.lower() in _WORDS
        if is_word:
            name = f"{what} {name}"
        repeat = 2
        while name in taken:
            suffix = f" ({repeat})"
            name = f"{(cleaned or f'{what} {number}')[: MAX_NAME_LENGTH - len(suffix)]}{suffix}"
            repeat += 1
        taken.add(name)
        names.append(name)
        if not cleaned:
            notes.append(f"The {what} {number} has no name and is called {name!r}.")
        elif is_word:
            notes.append(
                f"The {what} {cleaned!r} is called {name!r}: the word means a choice here."
            )
        elif name != cleaned:
            notes.append(f"The name {cleaned!r} occurs twice: {what} {number} is called {name!r}.")
        elif len(" ".join(text.split())) > MAX_NAME_LENGTH:
            notes.append(f"The name of {what} {number} was shortened to {name!r}.")
    if len(notes) > 8:
        notes = [*notes[:7], f"{len(notes) - 7} more names were changed in the same ways."]
    return tuple(names), notes


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names for a sentence: the first few, and how many more there are."""
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
