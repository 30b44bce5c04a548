"""Comms: opened by either side, closed when nobody wants them, with buffers both ways."""

import os

import pytest

from support import Kernel

pytestmark = pytest.mark.packages


@pytest.fixture(autouse=True)
def target(kernel: Kernel):
    kernel.ok(
        "from ipykernel.comm import Comm\nmanager = get_ipython().kernel.comm_manager\n"
        "def target(channel, message):\n"
        "    def echo(m):\n        turned = [bytes(b)[::-1] for b in m['buffers']]\n"
        "        channel.send({'echo': m['content']['data']}, buffers=turned)\n"
        "    channel.on_msg(echo)\n"
        "    channel.on_close(lambda m: print('closed by the front end'))\n"
        "    channel.send({'welcome': message['content']['data']})\n"
        "manager.register_target('target', target)"
    )


def open_comm(kernel, name="target", comm_id="1", data=None):
    message = kernel.send("comm_open", {"comm_id": comm_id, "target_name": name, "data": data or {}})
    kernel.wait(lambda: message.is_idle)
    return message


def comms(kernel, **content):
    return kernel.ask("comm_info_request", content).reply["comms"]


def test_opened_by_the_front_end(kernel: Kernel):
    opened = open_comm(kernel, comm_id="a", data={"n": 1})
    [welcome] = opened.outputs
    assert (welcome.type, welcome.content["comm_id"], welcome.content["data"]) == (
        "comm_msg",
        "a",
        {"welcome": {"n": 1}},
    )
    message = kernel.send(
        "comm_msg", {"comm_id": "a", "data": {"x": [1, "é"]}}, buffers=[b"abc", b"", bytes(range(256)) * 1000]
    )
    kernel.wait(lambda: message.is_idle)
    [echo] = message.outputs
    assert echo.content["data"] == {"echo": {"x": [1, "é"]}}
    assert [bytes(buffer) for buffer in echo.buffers] == [b"cba", b"", (bytes(range(256)) * 1000)[::-1]]
    assert comms(kernel)["a"] == {"target_name": "target"}
    closed = kernel.send("comm_close", {"comm_id": "a", "data": {}})
    kernel.wait(lambda: closed.is_idle)
    assert closed.text() == "closed by the front end\n" and "a" not in comms(kernel)


def test_opened_by_the_kernel(kernel: Kernel):
    cell = kernel.ok(
        "mine = Comm(target_name='theirs', data={'a': 1}, metadata={'m': 2}, buffers=[b'xyz'])\n"
        "mine.on_msg(lambda m: print('got', m['content']['data']))"
    )
    [opened] = cell.outputs
    assert (
        opened.type == "comm_open" and opened.content["target_name"] == "theirs" and opened.content["data"] == {"a": 1}
    )
    assert opened.metadata["m"] == 2 and [bytes(buffer) for buffer in opened.buffers] == [b"xyz"]
    identity = opened.content["comm_id"]
    message = kernel.send("comm_msg", {"comm_id": identity, "data": 5})
    kernel.wait(lambda: message.is_idle)
    assert message.text() == "got 5\n"
    assert comms(kernel, target_name="theirs") == {identity: {"target_name": "theirs"}}
    [closed] = kernel.ok("mine.close({'bye': 1})").outputs
    assert (closed.type, closed.content["comm_id"], closed.content["data"]) == ("comm_close", identity, {"bye": 1})
    assert comms(kernel, target_name="theirs") == {}


def test_an_unknown_target_is_closed(kernel: Kernel):
    opened = open_comm(kernel, "nobody", "b")
    [closed] = opened.outputs
    assert (closed.type, closed.content["comm_id"]) == ("comm_close", "b") and "b" not in comms(kernel)
    assert kernel.ok("1").result == "1"


def test_a_target_that_raises_is_closed_and_shown(kernel: Kernel):
    kernel.ok("manager.register_target('bad', lambda *_: 1/0)")
    opened = open_comm(kernel, "bad", "c")
    assert opened.error["ename"] == "ZeroDivisionError" and opened.of("comm_close") and "c" not in comms(kernel)


def test_a_handler_that_raises_is_shown(kernel: Kernel):
    kernel.ok("channel = Comm(target_name='x'); channel.on_msg(lambda m: 1/0); identity = channel.comm_id")
    message = kernel.send("comm_msg", {"comm_id": eval(kernel.value("identity")), "data": {}})
    kernel.wait(lambda: message.is_idle)
    assert message.error["ename"] == "ZeroDivisionError"
    assert kernel.ok("1").result == "1"


@pytest.mark.parametrize("kind", ["comm_open", "comm_msg", "comm_close"])
@pytest.mark.parametrize(
    "content", [{}, {"comm_id": "not there"}, {"comm_id": 3, "data": None}, {"comm_id": None, "target_name": None}]
)
def test_messages_that_make_no_sense(kernel: Kernel, kind, content):
    message = kernel.send(kind, content)
    kernel.wait(lambda: message.is_idle)
    assert kernel.ok("1").result == "1"


def test_comm_info_by_target(kernel: Kernel):
    open_comm(kernel, comm_id="d")
    assert comms(kernel, target_name="target")["d"] == {"target_name": "target"}
    assert comms(kernel, target_name="no such") == {}
    closed = kernel.send("comm_close", {"comm_id": "d", "data": {}})
    kernel.wait(lambda: closed.is_idle)


def test_the_name_old_widgets_use(kernel: Kernel):
    cell = kernel.ok(
        "from ipykernel.comm.comm import Comm\nold = Comm(target_name='old', data={'v': 1}); old.send({'v': 2}); "
        "old.close()"
    )
    assert [message.type for message in cell.outputs] == ["comm_open", "comm_msg", "comm_close"]


def test_the_package_comm_is_served(tmp_path):
    """Widgets of today use it; Debian 12 does not have it, so this is one that does nothing by itself."""
    (tmp_path / "comm.py").write_text("create_comm = get_comm_manager = None\n")
    with Kernel(env={"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}) as kernel:
        cell = kernel.ok(
            "import comm\nmade = comm.create_comm(target_name='new', data=1)\n"
            "comm.get_comm_manager() is get_ipython().kernel.comm_manager"
        )
        assert cell.result == "True" and [message.type for message in cell.outputs[:1]] == ["comm_open"]
        kernel.end()


def test_the_package_comm_may_come_while_the_kernel_runs(own_kernel: Kernel, tmp_path):
    """`%pip install ipywidgets` in a cell, and widgets work in the next one; reloaded, the package is served again."""
    (tmp_path / "comm.py").write_text("create_comm = get_comm_manager = None\n")
    own_kernel.ok(f"import sys; sys.path.insert(0, {str(tmp_path)!r})")
    for code in ("import comm", "import importlib; importlib.reload(comm)"):
        cell = own_kernel.ok(f"{code}\nmade = comm.create_comm(target_name='new', data=1); comm.__loader__.path")
        assert [message.type for message in cell.outputs] == ["comm_open", "execute_result"]
        assert cell.result == repr(str(tmp_path / "comm.py"))


def test_a_module_of_the_user_named_comm_is_left_alone(own_kernel: Kernel, tmp_path):
    (tmp_path / "comm.py").write_text("port = 7\n")
    own_kernel.ok(f"import sys; sys.path.insert(0, {str(tmp_path)!r})")
    assert own_kernel.ok("import comm\ncomm.port, hasattr(comm, 'create_comm')").result == "(7, False)"


def test_a_thread_may_send(kernel: Kernel):
    cell = kernel.ok(
        "import threading\nchannel = Comm(target_name='t')\n"
        "timer = threading.Timer(0.2, channel.send, [{'late': True}])\ntimer.start()"
    )
    kernel.wait(lambda: cell.of("comm_msg"), 10)
    assert cell.of("comm_msg")[0].content["data"] == {"late": True}


def test_a_work_does_not_reach_comms(kernel: Kernel):
    """A context has no sockets. That is said, once, and does no harm: a progress bar in a work should not end it."""
    cell = kernel.ok(
        "channel = Comm(target_name='w')\n"
        "def work():\n    for n in range(3): channel.send({'from': 'context'})\n    return 'done'\n"
        "parallel.submit_work(work).result()"
    )
    assert cell.result == "'done'" and cell.of("comm_msg") == []
    assert cell.text("stderr").count("widgets are not reached from a context") == 1


def test_a_cell_that_runs_keeps_its_output_from_comms(kernel: Kernel):
    open_comm(kernel, comm_id="e")
    cell = kernel.start("import time; time.sleep(0.3); print('of the cell')")
    message = kernel.send("comm_msg", {"comm_id": "e", "data": {}})
    kernel.wait(lambda: message.is_idle)
    assert cell.wait().is_over and cell.text() == "of the cell\n" and cell.of("comm_msg") == []


def test_what_a_message_submits_starts_without_a_cell(kernel: Kernel):
    """As a button of a widget does; the works' output is the message's."""
    kernel.ok(
        "def submitting(channel, message):\n"
        "    channel.on_msg(lambda m: [parallel.submit_work(print, f'work {n}') for n in range(3)])\n"
        "manager.register_target('submitting', submitting)"
    )
    open_comm(kernel, "submitting", "s")
    message = kernel.send("comm_msg", {"comm_id": "s", "data": {}})
    kernel.wait(lambda: sorted(message.text().splitlines()) == ["work 0", "work 1", "work 2"], 10)
