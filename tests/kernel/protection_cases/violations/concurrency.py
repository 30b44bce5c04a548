"""Programs of threads, processes and event loops that change an object of the notebook: each must be refused."""


def v_global_async():
    """
import asyncio
n = 0
async def f():
    global n
    n = 1
"""
    asyncio.run(f())


def v_global_in_thread():
    """
import threading
n = 0
seen = []
def f():
    global n
    n = 1
"""
    import threading
    box = []
    def body():
        try:
            f()
        except BaseException as e:
            box.append(e)
    t = threading.Thread(target=body)
    t.start()
    t.join()
    raise box[0]


def v_event_set():
    """
import threading
ev = threading.Event()
"""
    ev.set()


def v_semaphore():
    """
import threading
sem = threading.Semaphore(2)
"""
    sem.acquire()


def v_queue_get():
    """
import queue
q = queue.Queue(); q.put(1)
"""
    q.get()


def v_queue_simple():
    """
import queue
q = queue.SimpleQueue()
"""
    q.put(1)


def v_queue_priority():
    """
import queue
q = queue.PriorityQueue()
"""
    q.put(1)


def v_async_gen():
    """
import asyncio
async def ag():
    yield 1
    yield 2
g = ag()
"""
    import asyncio
    async def main():
        return await g.__anext__()
    asyncio.run(main())


def v_coroutine_main():
    """
import asyncio
async def c(): return 1
co = c()
"""
    import asyncio
    asyncio.run(co)


def v_asyncio_future():
    """
import asyncio
loop = asyncio.new_event_loop(); f = loop.create_future()
"""
    f.set_result(1)


def v_asyncio_future_cancel():
    """
import asyncio
loop = asyncio.new_event_loop(); f = loop.create_future()
"""
    f.cancel()


def v_asyncio_future_callback():
    """
import asyncio
loop = asyncio.new_event_loop(); f = loop.create_future()
"""
    f.add_done_callback(print)


def v_poll_register():
    """
import select
p = select.poll()
"""
    p.register(0)
