"""What a run leaves behind epoch by epoch, besides its history: `outputs.jsonl` and the replay.

Both tell of the same epochs: all of a short training, evenly spaced ones of a long one.
"""

import numpy as np

from core import durable, output_lines, replay
from core.probe import Probe
from core.runs import Run
from core.training import Training


class EpochRecords:
    """Looks at the model after each epoch and writes down what it saw. Raises OSError.

    A run that starts anew begins without the records of its earlier start.
    """

    def __init__(self, run: Run, training: Training):
        self._run = run
        self._training = training
        self._probe: Probe | None = None  # made when it is needed: the first step comes first
        self._left_out: tuple[int, list[np.ndarray]] | None = None  # an epoch and its weights
        durable.remove(run.folder / output_lines.FILE)
        replay.remove(run.folder)

    def add(self, epoch: int) -> None:
        """To be called at the end of each epoch, counted from 1."""
        if output_lines.is_recorded(epoch, self._training.config.training.epochs):
            self._write(epoch)
            self._left_out = None
        else:  # it may turn out to be the last one
            self._left_out = epoch, self._training.trainer.get_weights()

    def finish(self) -> None:
        """Record the last epoch too, whatever has become of the weights since."""
        if self._left_out is None:
            return
        epoch, weights = self._left_out
        trainer = self._training.trainer
        present = trainer.get_weights()
        trainer.set_weights(weights)
        try:
            self._write(epoch)
        finally:
            trainer.set_weights(present)
        self._left_out = None

    def _write(self, epoch: int) -> None:
        probe = self._probe or self._begin()
        line, reconstruction = probe.look(epoch)
        output_lines.append_line(self._run.folder / output_lines.FILE, line)
        if len(probe.original):
            replay.append_record(self._run.folder, epoch, reconstruction)

    def _begin(self) -> Probe:
        training = self._training
        activation = training.config.model.output_activation
        self._probe = probe = Probe(training.trainer, activation, training.split)
        if len(probe.original):
            replay.publish_windows(self._run.folder, probe.part, probe.positions, probe.original)
        return probe
