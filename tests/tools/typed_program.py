"""What a type checker finds in a program that uses `parallel`: test_types.py compares it with the comments. Never run.

`reveal_type(x)  # T` is found to be a T; on a line with `# error: code`, an error with this code is found; on no other.
"""

import asyncio
import concurrent.futures
import json
from types import TracebackType
from typing import Any, reveal_type

import parallel


def length(text: str) -> int:
    return len(text)


def nothing() -> None:
    pass


class Point:
    x: float = 0.0


# ---- works -----------------------------------------------------------------------------------------------------------

work = parallel.submit_work(length, "text")
reveal_type(work)  # Work[int]
reveal_type(work.id)  # int
reveal_type(work.name)  # str
reveal_type(work.state)  # str
reveal_type(work.result())  # int
reveal_type(work.result(timeout=1.0))  # int
reveal_type(work.exception())  # BaseException | None
reveal_type(work.traceback)  # str | None
reveal_type(work.stack())  # str | None
reveal_type(work.context)  # int | None
reveal_type(work.elapsed)  # float | None
reveal_type(work.done())  # bool
reveal_type(work.cancel())  # bool
reveal_type(parallel.submit_work(nothing))  # Work[None]
reveal_type(parallel.submit_work(Point).result().x)  # float
reveal_type(parallel.submit_work(lambda: [1.5]).result())  # list[float]
reveal_type(parallel.submit_work(length, "text", name="its length", timeout=1, retries=2).result())  # int
reveal_type(parallel.submit_work(json.loads, "{}").result())  # Any

print(work.no_such)  # error: attr-defined
work.id = 3.5  # error: assignment
parallel.submit_work("no function")  # error: arg-type
parallel.submit_work(length, timeout="soon")  # error: arg-type
parallel.submit_work(length, retry=1)  # error: call-arg
parallel.submit_work(length, callback=nothing)  # error: arg-type


def note(count: int) -> None:
    pass


def note_text(text: str) -> None:
    pass


def note_error(error: tuple[type[BaseException], BaseException, TracebackType | None]) -> None:
    pass


parallel.submit_work(length, "text", callback=note, errback=note_error)
parallel.submit_work(length, "text", callback=note_text)  # error: misc
parallel.submit_work(length, "text", errback=note)  # error: arg-type


def tell(ended: parallel.Work[int]) -> None:
    reveal_type(ended.result())  # int


work.add_done_callback(tell)
reveal_type([done.result() for done in concurrent.futures.as_completed([work])])  # list[int]


async def wait_for(awaited: parallel.Work[str]) -> None:
    reveal_type(await awaited)  # str
    reveal_type(await asyncio.gather(awaited, parallel.submit_work(length, "text")))  # tuple[str, int]


def any_work(some: parallel.Work) -> None:
    reveal_type(some.result())  # Any


# ---- xlists ----------------------------------------------------------------------------------------------------------

numbers = parallel.xlist[int]()
reveal_type(numbers)  # xlist[int]
reveal_type(numbers.push(1))  # None
reveal_type(numbers.pop())  # int
reveal_type(numbers[0])  # int
reveal_type(numbers[1:])  # list[int]
reveal_type(numbers.flush())  # list[int]
reveal_type(list(numbers))  # list[int]
reveal_type(list(reversed(numbers)))  # list[int]
reveal_type(list(numbers.stream()))  # list[int]
reveal_type(max(numbers) + len(numbers))  # int
reveal_type(numbers.wait(3))  # bool
reveal_type(numbers.id)  # int
reveal_type(numbers.name)  # str | None
reveal_type(numbers.heap["bytes"])  # int
reveal_type(parallel.xlist(["a", "b"], name="letters"))  # xlist[str]
for number in numbers:
    reveal_type(number)  # int

numbers.push("three")  # error: arg-type
numbers.extend(["three"])  # error: list-item
numbers[0] = 1  # error: index
numbers.heap["byte"]  # error: typeddict-item
numbers.id = 3  # error: misc
parallel.xlist[int](["three"])  # error: list-item

anything = parallel.xlist()
reveal_type(anything)  # xlist[Any]
anything.push("three")
anything.push(3)

counted = parallel.submit_queue(numbers, note, callback=note)
reveal_type(counted.result())  # int
parallel.submit_queue(numbers, note_text)  # error: arg-type
parallel.submit_queue([1, 2, 3], note)  # error: arg-type

reveal_type(parallel.run_cell("rank", 3))  # xlist[Any] | None

# ---- map and executors -----------------------------------------------------------------------------------------------

reveal_type(parallel.map(length, ["a", "b"]))  # list[int]
reveal_type(parallel.map(pow, [2, 3], [2, 2], chunksize=2))  # list[int]
parallel.map(length, 3)  # error: arg-type

with parallel.Executor(contexts=2) as executor:
    reveal_type(executor)  # Executor
    reveal_type(executor.submit(length, "text"))  # Work[int]
    reveal_type(executor.submit(length, text="text").result())  # int
    reveal_type(executor.map(length, ["a", "b"], timeout=1.0, chunksize=2))  # Iterator[int]
    executor.submit(length, 3)  # error: arg-type
    executor.submit(length)  # error: call-arg


def needs_executor(some: concurrent.futures.Executor) -> concurrent.futures.Future[int]:
    return some.submit(length, "text")


needs_executor(parallel.Executor())

# ---- the main thread -------------------------------------------------------------------------------------------------

reveal_type(parallel.call_from_main_thread_and_wait(length, "text"))  # int
reveal_type(parallel.call_from_main_thread_and_wait(length, kwds={"text": "text"}))  # int
reveal_type(parallel.call_from_main_thread(length, "text"))  # int | None


@parallel.call_from_main_thread_and_wait
def ask(question: str, *, tries: int = 1) -> float:
    return 0.5


@parallel.call_from_main_thread
def show(text: str) -> None:
    pass


reveal_type(ask("how many?", tries=2))  # float
reveal_type(show("text"))  # None
ask(3)  # error: arg-type
ask("how many?", times=2)  # error: call-arg
show()  # error: call-arg

# ---- what there is ---------------------------------------------------------------------------------------------------

reveal_type(parallel.contexts())  # list[Context]
reveal_type(parallel.contexts(ended=False)[0].started)  # float | None
reveal_type(parallel.contexts()[0].bars)  # list[dict[str, Any]]
reveal_type(parallel.works("failed", cell=3))  # list[dict[str, Any]]
reveal_type(parallel.xlists())  # list[dict[str, Any]]
reveal_type(parallel.heaps())  # list[dict[str, Any]]
reveal_type(parallel.heap("c3.0"))  # dict[str, Any]
reveal_type(parallel.stacks())  # list[dict[str, Any]]
reveal_type(parallel.is_parallel_thread())  # bool
reveal_type(parallel.rdtsc())  # int
parallel.contexts()[0].work = "other"  # error: misc
parallel.works(state=3)  # error: arg-type

# ---- mappings and namespaces -----------------------------------------------------------------------------------------

scores = parallel.dict(best=1)
reveal_type(scores)  # dict[str, int]
reveal_type(scores["best"])  # int
reveal_type(scores.get("worst"))  # int | None
reveal_type(scores.items())  # list[tuple[str, int]]
reveal_type(scores.copy())  # dict[str, int]
reveal_type(parallel.dict([(1, "one")]))  # dict[int, str]
reveal_type(parallel.dict[str, float]())  # dict[str, float]
reveal_type(parallel.dict())  # dict[Any, Any]
scores["worst"] = "none"  # error: assignment
scores[3] = 3  # error: index
settings = parallel.object(best=0)
settings.best = 3
reveal_type(settings.best)  # Any

# ---- running, errors, configuration ----------------------------------------------------------------------------------

reveal_type(parallel.run(timeout=1.0))  # None
parallel.configure(contexts=4, heap_limit=1 << 30, protection="scan", seed=None, projects=["src"])
parallel.configure(context=4)  # error: call-arg
parallel.configure(threads="all")  # error: arg-type
parallel.no_such_function()  # error: attr-defined

try:
    parallel.run()
except parallel.WorkTimeoutError as error:
    reveal_type(error.signal)  # Signals | int | None
    reveal_type(error.exitcode)  # int | None
    reveal_type(error.work)  # Work[Any] | None
    reveal_type(error.output)  # str
except parallel.RemoteError as error:
    reveal_type(error.type_name)  # str


def works_of(names: list[str]) -> dict[str, parallel.Work[Any]]:
    return {name: parallel.submit_work(length, name, name=name) for name in names}
