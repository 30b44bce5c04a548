"""Works that have been submitted and wait for their batch."""

from __future__ import annotations

import math
from typing import Callable

from parallel._work import Work


class Pending:
    """What will start together, in one batch of at most `contexts()` contexts. Used under the engine's lock.

    The engine has one for submit_work, and one for each `Executor`, whose batches share its contexts.
    """

    def __init__(self, contexts: Callable[[], int]):
        self._contexts = contexts
        self.works: list[tuple[Work, tuple]] = []
        self.queues: list[tuple[Work, tuple]] = []
        self.running = 0  # contexts of its batches that run

    def __len__(self) -> int:
        return len(self.works) + len(self.queues)

    def free_contexts(self) -> int:
        """How many contexts a batch that starts now may have, as far as this one is concerned."""
        return self._contexts() - self.running

    def all_contexts(self) -> int:
        """How many it may have when nothing runs."""
        return self._contexts()

    def withdraw(self, work: Work) -> None:
        """`work` will not be started."""
        self.works = [entry for entry in self.works if entry[0] is not work]
        self.queues = [entry for entry in self.queues if entry[0] is not work]

    def share(self) -> int:
        """How many works the contexts that are free now should take, so that those that come free later find some.

        A batch keeps what it has taken: were all to go to the first context, the others would have nothing to do.
        """
        return math.ceil(len(self.works) * self.free_contexts() / self.all_contexts())

    def take(self, most: int | None = None) -> tuple[list, list]:
        """All queues, and all works or the first `most`; they are not pending any more."""
        taken = self.works[:most], self.queues
        self.works = self.works[most:] if most is not None else []
        self.queues = []
        return taken

    def put_back(self, works: list, queues: list) -> None:
        """They were not started after all."""
        self.works = works + self.works
        self.queues = queues + self.queues
