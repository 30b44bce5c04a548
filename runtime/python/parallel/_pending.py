"""Works that have been submitted and wait for their batch."""

from __future__ import annotations

import time
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
        self.since = 0.0  # when the first of those that are pending was submitted

    def add(self, work: Work, task: tuple) -> None:
        """A work, and what it calls."""
        self._note_time()
        self.works.append((work, task))

    def add_queue(self, work: Work, consumer: tuple) -> None:
        """A work that stands for a queue, and the queue with its consumer."""
        self._note_time()
        self.queues.append((work, consumer))

    def _note_time(self) -> None:
        if not self.works and not self.queues:
            self.since = time.time()

    def __len__(self) -> int:
        return len(self.works) + len(self.queues)

    def all_works(self) -> list[Work]:
        """The works, those of queues last."""
        return [work for work, _ in self.works + self.queues]

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

    def take(self) -> tuple[list, list]:
        """All works and all queues; none are pending then."""
        taken = self.works, self.queues
        self.works, self.queues = [], []
        return taken

    def put_back(self, works: list, queues: list) -> None:
        """They were not started after all."""
        self.works = works + self.works
        self.queues = queues + self.queues
