"""fullcycle.wiring.unstarted: the next step, by what there is already."""

from fullcycle.release import ReleaseMade, releases_stream
from fullcycle.wiring import open_project
from fullcycle.wiring.released import released
from fullcycle.wiring.unstarted import not_started


def test_of_releases_the_last_that_holds_one_is_to_be_deployed(shop):
    project = open_project()
    made, manifest = released(project, "winback", 1)
    assert manifest.experiment is not None
    stream = releases_stream("winback")
    again = ReleaseMade(manifest=made.manifest, run=made.run, message="again", evidence=made.evidence)
    project.ledger.append(stream, project.ledger.heads(stream)[stream], again, by="ada")

    told = not_started(project, "winback")

    assert told.what == "no experiment of winback has started: no release that holds one is deployed"
    assert told.mend == "fullcycle deploy winback@v2 --to prod"


def test_before_anything_it_is_to_be_declared_and_run(shop):
    project = open_project()

    told = not_started(project, "other")

    assert told.what == "no experiment of other has started: nothing is released"
    assert told.mend == "declare one in other/experiment.py, then: fullcycle run other"
