"""Programs of other packages that change nothing of the notebook: none may be refused."""


def b_figure_is_drawn():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2]); ax.set_title('t'); ax.legend(['a'])
"""
    import io
    for kind in ('png', 'svg', 'pdf'): fig.savefig(io.BytesIO(), format=kind)
    fig.savefig(io.BytesIO(), dpi=50, bbox_inches='tight'); fig.canvas.draw()
    return ax.get_title(), ax.get_xlim(), ax.get_xticks(), ax.get_legend_handles_labels(), line.get_color(), list(line.get_xdata()), fig.get_size_inches()


def b_figure_of_its_own():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    own = Figure(); a = own.add_subplot(); a.plot(line.get_xdata()); a.set_title('own'); a.legend(['a']); own.suptitle('s'); a.set_xticks([1]); a.grid(); a.tick_params(); own.set_size_inches(2, 2)
    assert ax.get_title() == ''
