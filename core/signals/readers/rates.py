"""The sampling rate of a recording, where more than one is said."""


def chosen_rate(set_hz: float | None, said_hz: float | None) -> tuple[float | None, list[str]]:
    """The rate that was set, or else the one the file says; a note where the two differ."""
    if set_hz is None:
        return said_hz, []
    if said_hz is None or f"{set_hz:g}" == f"{said_hz:g}":
        return set_hz, []
    return set_hz, [f"The file says {said_hz:g} Hz; {set_hz:g} Hz was set and is used."]


def saved_rate(saved_hz: float | None, of_times_hz: float | None) -> tuple[float | None, list[str]]:
    """The rate that a file holds as a number, or else that of its times; a note as above."""
    if saved_hz is None:
        return of_times_hz, []
    if of_times_hz is None or f"{saved_hz:g}" == f"{of_times_hz:g}":
        return saved_hz, []
    told = (
        f"The file says {saved_hz:g} Hz, which is used, though its times make {of_times_hz:g} Hz."
    )
    return saved_hz, [told]
