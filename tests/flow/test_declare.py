"""fullcycle.flow.declare and resources: what a step says about itself."""

from datetime import timedelta

import pytest

import fullcycle as fc
from fullcycle.flow import ModelStep
from fullcycle.flow.resources import read_memory
from fullcycle.kernel import Invalid


def plain() -> int:
    return 1


def test_a_step_says_nothing_but_what_it_is():
    step = fc.step(plain)

    assert (step.cpus, step.memory, step.retries, step.timeout) == (None, None, 0, None)
    assert (step.volatile, step.depends_on) == (False, ())


def test_a_step_says_what_it_may_use_and_stands_on():
    step = fc.step(
        cpus=2, memory="2GB", retries=3, timeout="10min", volatile=True, depends_on=[fc.Variable("A"), plain]
    )(plain)

    assert (step.cpus, step.memory, step.retries) == (2, 2_000_000_000, 3)
    assert step.timeout == timedelta(minutes=10)
    assert step.volatile
    assert step.depends_on[1] is plain


def test_a_model_says_the_same():
    class Set:
        matrix = None

    model = fc.model(Set(), score="auc", cpus=4, depends_on=[fc.File("a.csv")])(plain)

    assert isinstance(model, ModelStep)
    assert (model.cpus, model.depends_on) == (4, (fc.File("a.csv"),))


@pytest.mark.parametrize(
    ("text", "size"),
    [("1B", 1), ("1.5kB", 1500), ("2 GiB", 2 * 1024**3), ("3MB", 3_000_000), ("1TB", 10**12)],
)
def test_memory_is_read_as_it_is_written(text, size):
    assert read_memory(text, "here") == size


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"cpus": 0}, r"cpus=0 is no number of cores[\s\S]*write cpus=2"),
        ({"cpus": "2"}, "cpus='2' is no number"),
        ({"cpus": True}, "cpus=True"),
        ({"memory": "2"}, r"memory='2' is no size[\s\S]*\"2GB\""),
        ({"memory": "0GB"}, "memory='0GB' is no size"),
        ({"memory": 2}, "memory=2 is no size"),
        ({"retries": -1}, "retries=-1 is no number of attempts"),
        ({"timeout": "soon"}, "'soon' is not a duration"),
        ({"timeout": 10}, r"timeout=10 is no duration"),
        ({"timeout": "0s"}, "no time at all"),
        ({"depends_on": "rates.csv"}, r"is no list[\s\S]*fc.File"),
        ({"depends_on": ["rates.csv"]}, r"no step can depend on 'rates.csv'[\s\S]*fc.File\(\"rates.csv\"\)"),
        ({"depends_on": [lambda x: x]}, r"asks for x[\s\S]*without parameters"),
        ({"depends_on": [fc.step(plain)]}, r"plain is a step[\s\S]*name it as a parameter"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_declared(option, words):
    with pytest.raises(Invalid, match=words):
        fc.step(**option)


def test_an_unknown_option_is_a_type_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'cpu'"):
        fc.step(cpu=2)
