"""Whatever is edited, a memoised run comes to what a run from scratch comes to, and to nothing needlessly."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from fullcycle.code import load
from small_flows import Shop, project, ran

STEPS, HELPERS = 5, 3
small = st.integers(0, 2)  # few values, so that edits often come to the same result


@dataclass(frozen=True)
class Shape:
    """Who calls whom, by number: steps take steps before them, helpers call helpers before them."""

    inputs: tuple[frozenset[int], ...]
    helper: tuple[int, ...]  # of each step
    calls: tuple[int | None, ...]  # of each helper
    moduli: tuple[int, ...]  # of each step: of a small one, many inputs give one result


@dataclass(frozen=True)
class Version:
    """The constants that edits change."""

    steps: tuple[int, ...]
    helpers: tuple[int, ...]
    comment: int
    parameter: int


def each(n, draw):
    return st.tuples(*(draw(number) for number in range(n)))


shapes = st.builds(
    Shape,
    inputs=each(
        STEPS, lambda n: st.frozensets(st.integers(0, n - 1), max_size=2) if n else st.just(frozenset())
    ),
    helper=each(STEPS, lambda n: st.integers(0, HELPERS - 1)),
    calls=each(HELPERS, lambda n: st.none() | st.integers(0, n - 1) if n else st.none()),
    moduli=each(STEPS, lambda n: st.sampled_from([1, 2, 3, 1000])),
)
versions = st.builds(
    Version,
    steps=each(STEPS, lambda n: small),
    helpers=each(HELPERS, lambda n: small),
    comment=small,
    parameter=small,
)


def written(shape, version):
    """The project of a shape with the constants of a version."""
    helpers, flow = [], [f"from shop.library import money  # {version.comment}"]
    for n, (calls, constant) in enumerate(zip(shape.calls, version.helpers, strict=True)):
        inner = f"helper{calls}(x)" if calls is not None else "x"
        helpers.append(f"CONSTANT{n} = {constant}\ndef helper{n}(x):\n    # {version.comment}")
        helpers.append(f"    return {inner} + CONSTANT{n}")
    for n, constant in enumerate(version.steps):
        names = sorted(f"step{i}" for i in shape.inputs[n])
        parameters = ", ".join([*(f"{name}: int" for name in names), "*, p: int = 0"])
        total = " + ".join([*names, f"p * {n % 2}", str(constant)])
        flow.append(f"@fc.step\ndef step{n}({parameters}) -> int:")
        flow.append(f"    return money.helper{shape.helper[n]}({total}) % {shape.moduli[n]}")
    return project("\n".join(flow) + "\n", money="\n".join(helpers) + "\n")


def run_once(shop, shape, version):
    archive = written(shape, version)
    try:
        return shop.run(archive, p=version.parameter)
    finally:
        load(archive).unload()


def contents(record):
    return {name: step.artifact.content for name, step in record.steps.items()}


@settings(max_examples=40, deadline=None)
@given(shapes, st.lists(versions, min_size=2, max_size=5))
def test_a_memoised_run_equals_one_from_scratch(shape, edits):
    shop = Shop()
    for version in edits:
        memoised = run_once(shop, shape, version)

        assert contents(memoised) == contents(run_once(Shop(), shape, version))
        assert ran(run_once(shop, shape, version)) == {}


@settings(max_examples=40, deadline=None)
@given(shapes, versions, versions)
def test_a_step_runs_only_if_something_that_it_stands_on_changed(shape, old, new):
    shop = Shop()
    first = run_once(shop, shape, old)
    second = run_once(shop, shape, new)

    changed = set()
    for n in range(STEPS):
        reached, helper = {shape.helper[n]}, shape.calls[shape.helper[n]]
        while helper is not None:
            reached.add(helper)
            helper = shape.calls[helper]
        edited = old.steps[n] != new.steps[n] or any(old.helpers[i] != new.helpers[i] for i in reached)
        inputs = [f"step{i}" for i in shape.inputs[n]]
        moved = any(contents(first)[name] != contents(second)[name] for name in inputs)
        if edited or moved or old.parameter != new.parameter:
            changed.add(f"step{n}")
    assert set(ran(second)) == changed
