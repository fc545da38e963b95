"""fullcycle.wiring.overlapping: experiments of one layer whose parts do not keep their units apart."""

import msgspec
import pytest

from fullcycle.experiment import ExperimentClosed, ExperimentStarted, Layer, close
from fullcycle.kernel import Refused, now
from fullcycle.record import append_next
from fullcycle.wiring import open_project
from fullcycle.wiring.deploying import go_back, put_to_work
from fullcycle.wiring.experiments import read
from fullcycle.wiring.overlapping import beside_now, check_apart, told_beside
from fullcycle.wiring.released import released
from made_releases import deployed_release, made_release
from whole_shop import rewrite

DAY = 86_400_000_000


def layered(project, part, **changes):
    """The example's experiment in a part of the layer mail."""
    _, manifest = released(project, "winback", 1)
    layer = Layer("mail", *part) if part else None
    return msgspec.structs.replace(manifest.experiment, layer=layer, **changes)


def other(project, part, **changes):
    """An experiment of the capability banner."""
    return layered(project, part, **{"capability": "banner", "name": "colours", **changes})


def put(project, number, environment="prod"):
    return put_to_work(project, "winback", number, environment, why="a test").said


def started(project, spec, environment="prod"):
    """Record that an experiment has begun, as its deployment would."""
    body = ExperimentStarted(release=1, environment=environment, spec="0" * 64)
    append_next(project.ledger, f"experiment/{spec.capability}/{spec.name}", body, by="ada")


def closed(project, spec):
    started(project, spec)
    closed_body(project, spec.capability, spec.name)


def closed_body(project, capability, name):
    kept = project.artifacts.keep({})
    body = ExperimentClosed(environment="prod", decision="stop", arm=None, reason="so", readout=kept)
    close(project.ledger, capability, name, body, by="ada")


def test_a_part_that_another_experiment_holds_is_refused_before_anything_is_decided(shop):
    project = open_project()
    deployed_release(project, "banner", other(project, (0.4, 0.7)))
    number = made_release(project, "winback", layered(project, (0.0, 0.6)))

    with pytest.raises(Refused) as refused:
        put(project, number)

    assert (
        "trial asks for layer mail:0-60%, and banner's colours (layer mail:40-70%) runs there"
        in refused.value.what
    )
    assert 'free is layer="mail:0-40% or 70-100%"' in refused.value.mend
    assert refused.value.where == "the layer mail in prod"
    assert put(project, 1) == ["winback@prod is winback@v1 already, since deployment 1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"part": (0.6, 1.0)},
        {"part": None},
        {"part": (0.0, 0.6), "coverage": 0.0},
    ],
    ids=["beside it", "no layer", "nobody takes part"],
)
def test_what_keeps_apart_is_not_refused(shop, changes):
    project = open_project()
    part = changes.pop("part")
    deployed_release(project, "banner", other(project, (0.0, 0.6)))
    number = made_release(project, "winback", layered(project, part, **changes))

    assert not any("overlap" in line for line in put(project, number))


def test_what_ended_or_runs_elsewhere_is_in_nobodys_way(shop):
    project = open_project()
    deployed_release(project, "banner", other(project, (0.0, 0.6)), environment="dev")
    deployed_release(project, "footer", layered(project, (0.0, 0.6), capability="footer", name="ended"))
    closed(project, layered(project, (0.0, 0.6), capability="footer", name="ended"))
    deployed_release(project, "header", layered(project, (0.0, 0.6), capability="header"))
    deployed_release(project, "header", None)
    spec = layered(project, (0.0, 0.6))

    assert beside_now(project, spec, "prod") == []
    assert put(project, made_release(project, "winback", spec))


def test_parts_by_different_fields_are_told_not_to_keep_apart(shop):
    project = open_project()
    deployed_release(project, "banner", other(project, (0.6, 1.0), unit="visitor"))
    number = made_release(project, "winback", layered(project, (0.0, 0.6)))

    said = put(project, number)

    assert any("layer mail is by client_id here and by visitor in banner's colours" in line for line in said)


def test_an_experiment_that_overlaps_already_goes_on_and_is_told(shop):
    project = open_project()
    put(project, made_release(project, "winback", layered(project, (0.0, 0.6))))
    deployed_release(project, "banner", other(project, (0.4, 0.7)))  # as before overlaps were refused

    said = put(project, made_release(project, "winback", layered(project, (0.0, 0.6), days=14)))

    assert any("layer mail:0-60% overlaps with banner's colours (layer mail:40-70%)" in line for line in said)


def test_the_next_experiment_does_not_inherit_a_part_that_was_given_away(shop):
    project = open_project()
    put(project, made_release(project, "winback", layered(project, (0.0, 0.6))))
    closed_body(project, "winback", "trial")
    deployed_release(project, "banner", other(project, (0.4, 0.7)))

    with pytest.raises(Refused, match="next asks for layer mail:0-60%, and banner's colours"):
        put(project, made_release(project, "winback", layered(project, (0.0, 0.6), name="next")))


def test_going_back_is_never_refused(shop):
    project = open_project()
    put(project, made_release(project, "winback", layered(project, (0.0, 0.6))))
    put(project, made_release(project, "winback", None))
    deployed_release(project, "banner", other(project, (0.4, 0.7)))

    said = go_back(project, "winback", "prod", why="it fails").said

    assert any("overlaps with banner's colours" in line for line in said)


def test_a_readout_says_whose_units_are_mixed_in(shop):
    project = open_project()
    spec = layered(project, (0.0, 0.6))
    put(project, made_release(project, "winback", spec))
    (apart,) = [one for one in read(project, "winback").readout.checks if one.name == "layer"]
    deployed_release(project, "banner", other(project, (0.4, 0.7)))

    (mixed,) = [one for one in read(project, "winback").readout.checks if one.name == "layer"]

    assert (apart.standing, mixed.standing) == ("ok", "qualifies")
    assert apart.said == "no other experiment holds layer mail:0-60%"
    assert "banner's colours (layer mail:40-70%) ran beside it, and their parts overlap" in mixed.said


def test_only_those_who_ran_at_the_same_time_are_in_a_readout(shop):
    project = open_project()
    spec, at = layered(project, (0.0, 0.6)), now()
    deployed_release(project, "banner", other(project, (0.0, 1.0)), at=at - 9 * DAY)
    deployed_release(project, "banner", None, at=at - 5 * DAY)

    def standing(since, until):
        return check_apart(project, spec, "prod", since=since, until=until)[0].standing

    assert standing(at - 3 * DAY, None) == "ok"
    assert standing(at - 12 * DAY, at - 9 * DAY) == "ok"
    assert standing(at - 6 * DAY, None) == "qualifies"
    assert standing(at - 12 * DAY, at - 8 * DAY) == "qualifies"
    assert check_apart(project, layered(project, None), "prod", since=0, until=None) == []


def test_design_and_release_tell_it_before_anything_is_deployed(shop, typed):
    project = open_project()
    deployed_release(project, "banner", other(project, (0.4, 0.7)))
    rewrite("winback/experiment.py", "    days=28,", '    days=28, layer="mail:0-60%",')
    assert typed("fullcycle run winback -m layered").code == 0
    told = "layer mail:0-60% overlaps with banner's colours (layer mail:40-70%)"

    designed = typed("fullcycle experiment design winback --units-per-day 900 --baseline 0.16")
    made = typed("fullcycle release winback@2 -m layered")
    refused = typed("fullcycle deploy winback@v2 --to prod -m layered")

    assert told in designed.out
    assert told in made.out
    assert (made.code, refused.code) == (0, 1)
    assert "units would be in both" in refused.err
    assert 'free is layer="mail:0-40% or 70-100%"' in refused.err


def test_nothing_is_free_where_all_is_taken(shop):
    project = open_project()
    deployed_release(project, "banner", other(project, (0.0, 1.0)))
    spec = layered(project, (0.2, 0.6))

    (told,) = told_beside(spec, beside_now(project, spec, "prod"))

    assert "nothing of mail is free" in told
