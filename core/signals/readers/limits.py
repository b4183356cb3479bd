"""What a reader refuses before it allocates anything."""

from core.signals.recording import DataError

MAX_TIME_STEPS = 100_000_000
MAX_CHANNELS = 4096
MAX_COLUMNS = 65_537  # of a table: a window of the greatest length and its label
MAX_UNPACKED_BYTES = 2 * 2**30  # of packed formats, where a small file can hold a great array
MAX_MEMBERS = 1000


def check_unpacked(count: int, what: str) -> None:
    """Refuse `count` bytes, named by what they are. Raises DataError."""
    if count > MAX_UNPACKED_BYTES:
        raise DataError(
            f"{what} would unpack to {count / 2**30:.1f} GiB; at most "
            f"{MAX_UNPACKED_BYTES / 2**30:.0f} GiB are unpacked. Cut it, or save it as an .npy "
            "file, which is read in place."
        )


def check_time_steps(count: int, what: str = "The file") -> None:
    """Refuse more rows than a recording may have. Raises DataError."""
    if count > MAX_TIME_STEPS:
        raise DataError(
            f"{what} has {count:,} time steps; at most {MAX_TIME_STEPS:,} are read. "
            "Cut it into parts, or lower its sampling rate."
        )
