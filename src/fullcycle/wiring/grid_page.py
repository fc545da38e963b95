"""A grid as its page tells it."""

from fullcycle import report  # its parts are loaded where they are used: of most runs there is no page
from fullcycle.flow import RunRecord, settings
from fullcycle.kernel import instant, now
from fullcycle.wiring.grids import Trial, Tried


def grid_page(tried: Tried) -> "report.GridPage":
    """The trials of a grid, the best first."""
    started, step = tried.started, tried.step
    judged = next((one for run in tried.runs for name, one in run.evaluations.items() if name == step), None)
    return report.GridPage(
        title=tried.ref,
        message=started.message,
        made=f"{instant(now()):%Y-%m-%d %H:%M} UTC",
        axes=tuple(started.axes),
        score=f"{step} {judged.score}" if judged is not None else "score",
        rows=tuple(_row(trial, trial.run, tried) for trial in tried.best_first() if trial.run is not None),
    )


def _row(trial: Trial, run: RunRecord, tried: Tried) -> "report.TrialRow":
    known = settings(run)
    values = {name: known[name].value if name in known else value for name, value in trial.values.items()}
    ours = run.evaluations.get(tried.step) if tried.step is not None else None
    return report.TrialRow(
        run=run.ref,
        status=run.status,
        values={
            name: value if isinstance(value, int | float | str) else str(value)
            for name, value in values.items()
        },
        score=ours.value if ours is not None else None,
        low=ours.low if ours is not None else None,
        high=ours.high if ours is not None else None,
        took=f"{run.finished.wall:.1f} s" if run.finished is not None else "",
        others={
            f"{step} {one.score}": f"{one.value:.4g}"
            for step, one in run.evaluations.items()
            if step != tried.step
        },
    )
