"""The process that reads one file, stores what is in it, says so in a line, and ends.

    python -m core.signals.reading_process

Started ahead of need, it waits for a ReadingJob on its standard input. The libraries that parse
files crash and hang on some; here that costs nothing but this process. It goes when its standard
input ends, as it does with the app.
"""

import contextlib
import errno
import os
import select
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from core.priority import stand_back

IDLE_SECONDS = 300
_MOST_THREADS = 4
_NICENESS = 5  # pages and their clicks come first


def main() -> None:
    answers = _private_output()
    stand_back(_NICENESS)
    with contextlib.suppress(OSError):  # if memory runs out, the system ends this process first
        Path("/proc/self/oom_score_adj").write_text("1000")
    _import_readers()
    from core.signals.reading_words import IDLE_EXIT, ReadingJob

    if not select.select([sys.stdin], [], [], IDLE_SECONDS)[0]:
        os._exit(IDLE_EXIT)
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(0)
    job = ReadingJob.model_validate_json(line)
    threading.Thread(target=_end_with_input, daemon=True).start()
    answers.write(_answer(job).encode("utf-8", "replace"))
    answers.flush()
    os._exit(0)  # at once: whatever a library would still do, nobody waits for


def _private_output() -> BinaryIO:
    """Standard output for answers alone; what libraries print goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return answers


def _import_readers() -> None:
    """Import what most files need, while nobody waits."""
    import pyarrow as pa

    import core.signals.readers.csv_reader
    import core.signals.readers.numpy_reader
    import core.signals.store  # noqa: F401
    from core.cores import cores

    pa.set_cpu_count(min(cores(), _MOST_THREADS))  # else as OMP_NUM_THREADS, which others heed


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _answer(job) -> str:
    """The answer as JSON, whatever happens within the limits."""
    from core.signals.reading_limits import enter
    from core.signals.reading_words import ReadingAnswer
    from core.signals.recording import DataError

    enter(job.limits)
    found = None
    try:
        from core.signals.readers import outline, read_recording
        from core.signals.store import save

        found = outline(job.path, job.options, name=job.name)
        recording = read_recording(job.path, job.options, name=job.name)
        key = save(recording, job.folder, temporary=job.temporary, is_visitors=job.is_visitors)
        answer = ReadingAnswer(outline=found, sha256=key, notes=recording.notes)
    except DataError as error:
        answer = ReadingAnswer(
            outline=found,
            problem=str(error),
            is_out_of_memory=isinstance(error.__cause__, MemoryError),
        )
    except MemoryError:
        answer = ReadingAnswer(outline=found, is_out_of_memory=True)
    except OSError as error:
        answer = ReadingAnswer(outline=found, problem=_not_stored(error, job))
    except Exception:  # what the readers' authors did not think of
        answer = ReadingAnswer(problem=_unforeseen(job))
    try:
        return answer.model_dump_json()
    except ValueError:  # names in the outline that are no text
        return ReadingAnswer(problem=_unforeseen(job)).model_dump_json()


def _unforeseen(job) -> str:
    from core.signals.readers.channel_names import clean_name

    name = clean_name(job.name) or "file"
    return f"{name}: it cannot be read; it may be damaged. Export it again, or in another format."


def _not_stored(error: OSError, job) -> str:
    from core.signals.readers.channel_names import clean_name

    name = clean_name(job.name) or "file"
    if error.errno == errno.EFBIG:
        most = job.limits.stored_bytes / 2**30
        return f"{name}: what it holds would take more than {most:.1f} GiB. Cut it into parts."
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    return (
        f"{name}: it was read, but cannot be stored on this machine ({why}). "
        "Make room in the data folder, or see that it can be written, and load the file again."
    )


if __name__ == "__main__":
    main()
