"""Works that have been submitted and wait for their batch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from parallel import _core, _host
from parallel._work import Work

if TYPE_CHECKING:
    from parallel._xlist import xlist

    # A queue, and what is called with its items.
    Consumer = tuple[xlist[Any], Callable[[Any], object]]


class Taken(NamedTuple):
    """What a batch is made of: works and queues, and what each calls, as `_core.Batch` wants it."""

    works: list[Work]
    tasks: list[Any]  # three entries for each work: callable, arguments, keywords or None
    queues: list[Work]
    consumers: list[Consumer]


class Pending(_core.WorkList):
    """What will start together, in one batch of at most `contexts()` contexts. Used under the engine's lock.

    The engine has one for submit_work, and one for each `Executor`, whose batches share its contexts.
    """

    def __init__(self, contexts: Callable[[], int], wakes_main: bool = False):
        # Of the base class: `works`, `first`, and `tasks`: callable, arguments and keywords of each work, one after the
        # other. A tuple for each of a million works is 64 bytes and one more object for the collector to visit. A
        # work's `_index` says where its own are. Its `submit` appends, too.
        super().__init__()
        self._contexts = contexts
        self._wakes_main = wakes_main  # where nobody else would start them: those of an executor start by themselves
        self.queues: list[Work] = []
        self._consumers: list[Consumer] = []  # of the queues
        self._withdrawn = 0  # of both, how many are still in these lists
        self.running = 0  # contexts of its batches that run
        self.since = 0.0  # when the first of those that are pending was submitted

    def add(self, work: Work, func: Callable[..., Any], args: tuple[Any, ...], kwds: dict[str, Any] | None) -> None:
        """A work, and what it calls."""
        if not self.works:
            self.note_time()
        work._index = self.first + len(self.works)
        self.append(work, func, args, kwds)

    def add_queue(self, work: Work, consumer: Consumer) -> None:
        """A work that stands for a queue, and the queue with its consumer."""
        self.note_time()
        self.queues.append(work)
        self._consumers.append(consumer)

    def note_time(self) -> None:
        """Called before the first work is appended."""
        if not self.works and not self.queues:
            self.since = time.time()
            if _host.is_idle and self._wakes_main:
                # It looks under the lock, which the caller holds: it finds the work that is about to be there.
                _host.current().wake_main()

    def __len__(self) -> int:
        return len(self.works) + len(self.queues) - self._withdrawn

    def all_works(self) -> list[Work]:
        """The works, those of queues last."""
        return [work for work in self.works + self.queues if not work._withdrawn]

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
        """`work`, which is marked as withdrawn, will not be started. Once for each work."""
        if work in self.queues:
            self._consumers[self.queues.index(work)] = None  # type: ignore[call-overload]  # it is not started
        else:
            at = 3 * (work._index - self.first)
            self.tasks[at : at + 3] = (None, None, None)  # arguments can be large
        self._withdrawn += 1
        if self._withdrawn > len(self):  # now and then: to close the gap for each of a million works would never end
            self._forget_withdrawn()

    def _forget_withdrawn(self) -> None:
        if not self._withdrawn:
            return
        kept = [index for index, work in enumerate(self.works) if not work._withdrawn]
        tasks = [part for index in kept for part in self.tasks[3 * index : 3 * index + 3]]
        self._set([self.works[index] for index in kept], tasks)
        queues = [pair for pair in zip(self.queues, self._consumers) if not pair[0]._withdrawn]
        self.queues, self._consumers = [work for work, _ in queues], [consumer for _, consumer in queues]
        self._withdrawn = 0

    def _set(self, works: list[Work], tasks: list[Any]) -> None:
        self.works, self.tasks, self.first = works, tasks, 0
        for index, work in enumerate(works):
            work._index = index

    def take(self, most: int | None = None) -> Taken:
        """All queues, and all works or the first `most`; they are not pending any more."""
        self._forget_withdrawn()
        if most is None or most >= len(self.works):  # the lists themselves: to copy a million entries takes 15 ms
            taken = Taken(self.works, self.tasks, self.queues, self._consumers)
            self.works, self.tasks, self.first = [], [], 0
        else:
            taken = Taken(self.works[:most], self.tasks[: 3 * most], self.queues, self._consumers)
            self.works, self.tasks, self.first = self.works[most:], self.tasks[3 * most :], self.first + most
        self.queues, self._consumers = [], []
        return taken

    def put_back(self, taken: Taken) -> None:
        """They were not started after all."""
        self._set(taken.works + self.works, taken.tasks + self.tasks)
        self.queues, self._consumers = taken.queues + self.queues, taken.consumers + self._consumers
