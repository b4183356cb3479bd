"""The learning rate of each epoch. A schedule is as in Keras' ReduceLROnPlateau and StepLR."""

import keras

from core.config import TrainingConfig


class LearningRate:
    """drops: how often the rate has fallen; last_drop: after which epoch it last did."""

    def __init__(self, settings: TrainingConfig):
        self._settings = settings
        self.drops = self.last_drop = 0

    @property
    def rate(self) -> float:
        return self._settings.learning_rate * self._settings.decay_factor**self.drops

    def apply(self, model: keras.Model, epoch: int, best_epoch: int) -> None:
        """Set the rate of an epoch, counted from 1, before its first batch."""
        settings = self._settings
        since = {"step": self.last_drop, "plateau": max(best_epoch, self.last_drop)}
        if settings.schedule in since:
            idle = epoch - 1 - since[settings.schedule]
            if idle >= settings.decay_epochs:
                self.drops += 1
                self.last_drop = epoch - 1
        model.optimizer.learning_rate = self.rate
