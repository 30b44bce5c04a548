"""Programs of threads, processes and event loops that change nothing of the notebook: none may be refused."""


def b_async_own():
    """
import asyncio
async def f(n):
    await asyncio.sleep(0)
    return n
"""
    async def main():
        q = asyncio.Queue()
        await q.put(1)
        lock = asyncio.Lock()
        async with lock:
            pass
        ev = asyncio.Event(); ev.set(); await ev.wait()
        return await q.get(), await asyncio.gather(f(1), f(2))
    return asyncio.run(main())


def b_async_gen_own():
    """
import asyncio
async def ag():
    for i in range(3): yield i
"""
    async def main(): return [x async for x in ag()]
    return asyncio.run(main())


def b_async_task_group():
    """
import asyncio
"""
    async def one(x): return x
    async def main():
        async with asyncio.TaskGroup() as tg:
            t = [tg.create_task(one(i)) for i in range(3)]
        return [x.result() for x in t]
    return asyncio.run(main())


def b_async_timeout():
    """
import asyncio
"""
    async def main():
        try:
            await asyncio.wait_for(asyncio.sleep(10), 0.01)
        except asyncio.TimeoutError:
            return 1
    return asyncio.run(main())


def b_import_many():
    """
pass
"""
    import tomllib, plistlib, configparser, sched, graphlib, calendar, bisect, fractions; return tomllib.loads('a = 1')


def b_import_submodule():
    """
import os
"""
    import xml.dom.minidom, concurrent.futures.process, email.mime.text, importlib.resources; return 1


def b_sqlite_own():
    """
import sqlite3
"""
    c = sqlite3.connect(':memory:'); c.row_factory = sqlite3.Row; c.execute('create table t(a, b)'); c.executemany('insert into t values (?, ?)', [(1, 2), (3, 4)]); return [tuple(r) for r in c.execute('select * from t')]


def b_subprocess_pipe():
    """
import subprocess, sys
"""
    return subprocess.check_output(['echo', 'x']), subprocess.run('cat', input=b'y', stdout=subprocess.PIPE).stdout


def b_subprocess_popen():
    """
import subprocess
"""
    with subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        return p.communicate(b'z')[0]


def b_threads_own():
    """
import threading, queue
lock = threading.Lock()
"""
    q = queue.Queue(); out = []
    def w():
        with lock:
            out.append(q.get())
    ts = [threading.Thread(target=w) for _ in range(3)]
    [t.start() for t in ts]
    for i in range(3): q.put(i)
    [t.join() for t in ts]
    ev = threading.Event(); ev.set(); tl = threading.local(); tl.x = 1; b = threading.Barrier(1); b.wait()
    return sorted(out)


def b_thread_timer():
    """
import threading
"""
    out = []
    t = threading.Timer(0.01, out.append, (1,)); t.start(); t.join(); return out


def b_pool_threads():
    """
from concurrent.futures import ThreadPoolExecutor, as_completed
def sq(x): return x * x
"""
    with ThreadPoolExecutor(2) as ex:
        fs = [ex.submit(sq, i) for i in range(5)]
        return sorted(f.result() for f in as_completed(fs))


def b_condition_own():
    """
import threading
"""
    c = threading.Condition(); r = threading.RLock(); s = threading.Semaphore(1)
    with c: c.notify_all()
    with r, s: return 1


def b_main_rlock():
    """
import threading
r = threading.RLock(); c = threading.Condition()
"""
    with r:
        with r:
            pass
    with c:
        pass
    return 1


def b_main_event_read():
    """
import threading
ev = threading.Event(); ev.set()
"""
    return ev.is_set(), ev.wait(0.01)


def b_contextvars_all():
    """
import contextvars
cv = contextvars.ContextVar('cv', default=1); ctx = contextvars.copy_context()
"""
    t = cv.set(5); cv.reset(t); c2 = contextvars.copy_context(); c2.run(cv.set, 9); return cv.get(), ctx.get(cv), list(ctx.items())


def b_selectors_own():
    """
import selectors, socket
"""
    s = selectors.DefaultSelector(); a, b = socket.socketpair(); s.register(a, selectors.EVENT_READ); b.send(b'x'); r = s.select(0.1); s.close(); a.close(); b.close(); return len(r)


def b_calendar_sched():
    """
import calendar, sched, time
"""
    s = sched.scheduler(time.time, lambda d: None); out = []; s.enter(0, 1, out.append, (1,)); s.run(); return calendar.monthrange(2024, 2), out


def b_signal_in_work():
    """
import signal
"""
    return signal.getsignal(signal.SIGTERM) is not None, signal.strsignal(2)


def b_os_pipe_fork():
    """
import os
"""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        xs = []; xs.append(1); os.write(w, str(len(xs)).encode()); os._exit(0)
    os.waitpid(pid, 0); return os.read(r, 10)


def b_fork_where_a_thread_has_been():
    """
import os, threading
t = threading.Thread(target=int); t.start(); t.join()
"""
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    assert os.waitpid(pid, 0)[1] >> 8 == 7


def b_asyncio_of_its_own():
    """
import asyncio
async def f(x): await asyncio.sleep(0); return x
"""
    async def all(): return await asyncio.gather(*(asyncio.create_task(f(i)) for i in range(5)))
    assert asyncio.run(all()) == [0, 1, 2, 3, 4]
    loop = asyncio.new_event_loop(); g = loop.create_future(); g.set_result(1); assert loop.run_until_complete(g) == 1; loop.close()
