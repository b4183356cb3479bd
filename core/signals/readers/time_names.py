"""What the name of a column says of times: that it holds them, or counts them, and their unit."""

import re

_TIME_WORDS = {
    *("time", "times", "timestamp", "timestamps", "datetime", "date", "elapsed", "epoch", "ts"),
    *("seconds", "second", "sec", "zeit", "datum", "uhrzeit"),
    *("unix", "unixtime", "unixtimestamp", "millis", "micros"),
}
_COUNT_WORDS = {
    *("sample", "samples", "index", "idx", "row", "step", "no", "nr", "number", "n", "unnamed"),
    *("count", "counter", "tick", "i"),
}
SCALES = {  # a word of a column's name: its unit in seconds
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanos", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}


def _words(name: str) -> list[str]:
    """In lower case; `timeMs` is two."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[a-zµμ]+", apart.lower())


def is_time_name(name: str, *, alone: bool = False) -> bool:
    """Whether a column of this name may hold times; `alone`: the name says nothing else."""
    words = _words(name)
    if words == ["t"] or (words[:1] == ["t"] and len(words) == 2 and words[1] in SCALES):
        if re.search(r"\d", name):  # one of several: steps of a window, temperatures
            return False
        return not alone or name != "T"  # a temperature, where it goes up and down
    if alone and not set(words) <= _TIME_WORDS | SCALES.keys():
        return False
    return bool(_TIME_WORDS.intersection(words))


def is_date_name(name: str) -> bool:
    """Whether a column of this name holds dates, and no seconds from a start."""
    return bool({"date", "dates", "datetime", "datum"}.intersection(_words(name)))


def is_count_name(name: str) -> bool:
    """Whether a column of this name counts rows; an unnamed first column does, as in pandas."""
    words = _words(name)
    return bool(words) and (set(words) <= _COUNT_WORDS or words[0] in ("sample", "index"))


def scale_of(name: str) -> float | None:
    """The unit that a name ends in, in seconds; that of a time of day is not the day."""
    words = _words(name)
    units = [word for of, word in zip(["", *words], words, strict=False) if of != "of"]
    return next((SCALES[word] for word in units[::-1] if word in SCALES), None)
