"""Nothing in a release is unpickled: refused when it is made, and never read by what serves."""

import os
import pickle
from pathlib import Path

import pytest

from fullcycle.kernel import Invalid
from fullcycle.wiring import open_project
from fullcycle.wiring.released import released
from fullcycle.wiring.releasing import pin
from fullcycle.wiring.trial import assess
from whole_shop import rewrite

EXPLODING = """
import _pickle, pickle

def refuse(*_, **__):
    raise SystemExit("something was unpickled")

class Refusing:
    def __init__(self, *_, **__):
        refuse()

for module in (pickle, _pickle):
    module.loads = module.load = refuse
    module.Unpickler = Refusing
pickle._loads = pickle._load = refuse
pickle._Unpickler = Refusing
"""

PICKLED = '''

class Odd:
    """What no codec knows."""


@fc.step
def odd() -> fc.Pickled[Odd]:
    return Odd()
'''


@pytest.fixture
def exploding(tmp_path_factory, monkeypatch):
    """Every process that is started from here dies at the first pickle that it reads."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(EXPLODING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))


def test_a_release_is_loaded_and_asked_where_every_pickle_explodes(shop, exploding):
    project = open_project()
    made, _ = released(project, "winback", 1)

    assert assess(project, "prod", made.manifest).requests == 2_000


def test_such_a_process_does_explode(exploding):
    import subprocess
    import sys

    told = f"import pickle; pickle.loads({pickle.dumps(1)!r})"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)

    assert "something was unpickled" in ran.stderr


def test_a_pickle_that_the_service_asks_for_is_refused_with_what_to_do(shop, typed):
    flow = Path("winback/flow.py")
    flow.write_text(flow.read_text() + PICKLED)
    rewrite("winback/service.py", "visit: fc.Model[Traits])", "visit: fc.Model[Traits], odd: object)")
    assert typed("fullcycle run winback -m odd").code == 0

    with pytest.raises(Invalid) as caught:
        pin(open_project(), "winback", 2)

    assert "odd, which the service asks for, is kept as a pickle" in caught.value.what
    assert "nothing in a release is unpickled" in caught.value.what
    assert caught.value.where.split(":")[0].endswith("flow.py")
    assert "fc.codec" in caught.value.mend
