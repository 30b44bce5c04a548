"""What a work submits is a part of it: at its end a context waits for that."""

from __future__ import annotations

from parallel import _engine, _errors


def await_submitted(error: BaseException | None) -> None:
    """At the end of a work or an item that may have submitted works: they are a part of it, and are lost otherwise.

    `error` is what it has raised. If it has not, the first error of theirs that nobody has taken is raised here; all
    others become notes.
    """
    engine = _engine.current()
    if isinstance(error, KeyboardInterrupt):
        engine.cancel()
    failures: list[BaseException] = []
    while True:
        try:
            engine.run(None, one_by_one=True)
            break
        except KeyboardInterrupt:
            raise
        except BaseException as failure:
            failures.append(failure)
            # run() leaves works pending only where they cannot be started: it would fail so for ever.
            engine.withdraw_all()
    raised = error if error is not None else failures[0] if failures else None
    for other in failures:
        if raised is not None and other is not raised:
            raised.add_note(f"a work that was submitted in it failed, too: {_errors.summary(other)}")
    if error is None and raised is not None:
        raise raised.with_traceback(None)  # it has come through this package only; where it was raised is in its cause
