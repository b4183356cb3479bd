"""What a run leaves behind epoch by epoch, besides its history: `outputs.jsonl` and the replay.

Both tell of the same epochs: all of a short training, evenly spaced ones of a long one.
"""

from core import durable, output_lines, replay
from core.probe import Probe
from core.runs import Run
from core.training import Training


class EpochRecords:
    """Looks at the model after each epoch and writes down what it saw. Raises OSError.

    A training that goes on keeps the records up to its last epoch, one that starts anew none.
    """

    def __init__(self, run: Run, training: Training):
        self._run = run
        self._training = training
        self._probe: Probe | None = None  # made when it is needed: the first step comes first
        self._left_out = 0  # the last epoch, if it is not recorded
        if training.done:
            self._go_on()
        else:
            with run.writing():
                durable.remove(run.folder / output_lines.FILE)
                replay.remove(run.folder)

    def _go_on(self) -> None:
        folder, path = self._run.folder, self._run.folder / output_lines.FILE
        kept = self._kept({line["epoch"] for line in output_lines.read_lines(path)})
        original = self._begin().original
        with self._run.writing():
            output_lines.keep_lines(path, kept.__contains__)
            if len(original):
                replay.keep_records(folder, original.shape, kept.__contains__)
        if self._training.done not in kept:
            self._left_out = self._training.done

    def _kept(self, known: set[int]) -> set[int]:
        """Which of the epochs on record stay: those of a run asked at first for as many as this.

        Where some of these are missing, since the run before was asked for other ones, all stay.
        """
        done = range(1, self._training.done + 1)
        wanted = set(filter(self._is_recorded, done))
        return wanted if wanted <= known else known.intersection(done)

    def _is_recorded(self, epoch: int) -> bool:
        return output_lines.is_recorded(epoch, self._training.config.training.epochs)

    def add(self, epoch: int) -> None:
        """To be called at the end of each epoch, counted from 1."""
        if self._is_recorded(epoch):
            self._write(epoch)
            self._left_out = 0
        else:  # it may turn out to be the last one
            self._left_out = epoch

    def finish(self) -> None:
        """Record the last epoch too, whatever has become of the weights since."""
        if not self._left_out:
            return
        trainer = self._training.trainer
        present = trainer.get_weights()
        self._training.keep_last()
        try:
            self._write(self._left_out)
        finally:
            trainer.set_weights(present)
        self._left_out = 0

    def _write(self, epoch: int) -> None:
        probe = self._probe or self._begin()
        line, reconstruction = probe.look(epoch)
        with self._run.writing():
            output_lines.append_line(self._run.folder / output_lines.FILE, line)
            if len(probe.original):
                replay.append_record(self._run.folder, epoch, reconstruction)

    def _begin(self) -> Probe:
        training = self._training
        activation = training.config.model.output_activation
        self._probe = probe = Probe(training.trainer, activation, training.split)
        if len(probe.original):
            with self._run.writing():
                windows = probe.part, probe.positions, probe.original
                replay.publish_windows(self._run.folder, *windows)
        return probe
