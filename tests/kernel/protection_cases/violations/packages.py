"""Programs of other packages that change an object of the notebook: each must be refused."""


def v_figure_title():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.set_title('t')


def v_figure_suptitle():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    fig.suptitle('t')


def v_figure_legend():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.legend(['a'])


def v_figure_add_subplot():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    fig.add_subplot(2, 1, 2)


def v_figure_plot():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.plot([1, 2])


def v_figure_line():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    line.set_color('red')


def v_figure_ticks():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.set_xticks([1])


def v_figure_grid():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.grid()


def v_figure_size():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    fig.set_size_inches(1, 1)


def v_mpl_set_by_keywords():
    """
import matplotlib.pyplot as plt
fig, ax = plt.subplots(); (line,) = ax.plot([1, 2])
"""
    line.set(color='red', linewidth=3)


def v_mpl_tight_layout():
    """
import matplotlib.pyplot as plt
fig, axes = plt.subplots(2, 2)
"""
    fig.tight_layout()


@needs("matplotlib.axes.Axes.ecdf")
def v_mpl_ecdf():
    """
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
"""
    ax.ecdf([1, 2, 3])
