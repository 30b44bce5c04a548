"""Works that have been submitted and wait for their batch."""

from __future__ import annotations

import math
import time
from typing import Callable

from parallel._work import Work


class Pending:
    """What will start together, in one batch of at most `contexts()` contexts. Used under the engine's lock.

    The engine has one for submit_work, and one for each `Executor`, whose batches share its contexts.
    """

    def __init__(self, contexts: Callable[[], int]):
        self._contexts = contexts
        # Each has its task in it: a pair of both for each of a million works takes 80 bytes more.
        self.works: list[Work] = []
        self.queues: list[Work] = []
        self._withdrawn = 0  # of those, how many have no task any more
        self.running = 0  # contexts of its batches that run
        self.since = 0.0  # when the first of those that are pending was submitted

    def add(self, work: Work, task: tuple) -> None:
        """A work, and what it calls."""
        self._note_time()
        work._task = task
        self.works.append(work)

    def add_queue(self, work: Work, consumer: tuple) -> None:
        """A work that stands for a queue, and the queue with its consumer."""
        self._note_time()
        work._task = consumer
        self.queues.append(work)

    def _note_time(self) -> None:
        if not self.works and not self.queues:
            self.since = time.time()

    def __len__(self) -> int:
        return len(self.works) + len(self.queues) - self._withdrawn

    def all_works(self) -> list[Work]:
        """The works, those of queues last."""
        return [work for work in self.works + self.queues if work._task is not None]

    def free_contexts(self) -> int:
        """How many contexts a batch that starts now may have, as far as this one is concerned."""
        return self._contexts() - self.running

    def all_contexts(self) -> int:
        """How many it may have when nothing runs."""
        return self._contexts()

    def share(self) -> int:
        """How many works the contexts that are free now should take, so that those that come free later find some.

        A batch keeps what it has taken: were all to go to the first context, the others would have nothing to do.
        """
        return math.ceil(len(self) * self.free_contexts() / self.all_contexts())

    def withdraw(self, work: Work) -> None:
        """`work` will not be started."""
        if work._task is None:
            return
        work._task = None
        self._withdrawn += 1
        if self._withdrawn > len(self):  # now and then: looking for each of a million works would never end
            self._forget_withdrawn()

    def _forget_withdrawn(self) -> None:
        self.works = [work for work in self.works if work._task is not None]
        self.queues = [work for work in self.queues if work._task is not None]
        self._withdrawn = 0

    def take(self, most: int | None = None) -> tuple[list[Work], list[Work]]:
        """All queues, and all works or the first `most`; they are not pending any more."""
        self._forget_withdrawn()
        taken = self.works[:most], self.queues
        self.works = [] if most is None else self.works[most:]
        self.queues = []
        return taken

    def put_back(self, works: list[Work], queues: list[Work]) -> None:
        """They were not started after all."""
        self.works = works + self.works
        self.queues = queues + self.queues
