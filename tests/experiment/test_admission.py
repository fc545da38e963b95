"""fullcycle.experiment.admission, layer and taking_part: who takes part, and why not."""

from collections import Counter
from datetime import datetime
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from fullcycle.data import Row, key, source, time
from fullcycle.experiment import Admission, Experiment, Holdout, Kept, Layer, told_part
from fullcycle.experiment.layer import holdout_of, layer_of
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.metric import proportion


class Visit(Row):
    client_id: Annotated[int, key]
    session_id: str
    at: Annotated[datetime, time]


@source(Visit)
def visits(warehouse): ...


def today(client): ...


def choose(client): ...


visits.name = "visits"
visited = proportion(visits, within="14d")
visited.name = "visited"

UNITS = [f"client-{n}" for n in range(20_000)]
units = st.text(min_size=1)
numbers = st.integers(0, 1000).map(lambda n: n / 1000)


def trial(**options):
    return Experiment({"today": today, "chosen": choose}, primary=visited, **options)


def rule(**options):
    return Admission.of(trial(**options).spec("trial", capability="winback", unit="client_id"))


def standing(admission, unit, fields=None, kept=None):
    return admission.standing(unit, (fields or {}).get, None if kept is None else Kept(kept))


def test_layers_and_holdouts_are_told_by_a_text():
    assert layer_of("checkout:12.5-50%") == Layer("checkout", 0.125, 0.5)
    assert layer_of("checkout:0%-50%") == Layer("checkout", 0.0, 0.5)
    assert holdout_of("winter:2.5%", name="x") == Holdout("winter", 0.025)
    assert trial(holdout="5%").spec("trial", capability="winback", unit="client_id").holdout == Holdout(
        "winback/holdout", 0.05
    )


def test_experiments_of_one_layer_share_no_unit_and_leave_none_over():
    thirds = [rule(layer=f"checkout:{part}%") for part in ("0-30", "30-50", "50-100")]

    places = Counter(sum(standing(one, unit)[1] is not None for one in thirds) for unit in UNITS)

    assert places == {1: len(UNITS)}
    sizes = [sum(standing(one, unit)[1] is not None for unit in UNITS) for one in thirds]
    assert chisquare(sizes, [len(UNITS) * share for share in (0.3, 0.2, 0.5)]).pvalue > 1e-5


@given(unit=units, ends=st.tuples(numbers, numbers, numbers, numbers))
def test_parts_of_a_layer_that_do_not_overlap_exclude_each_other(unit, ends):
    a, b, c, d = sorted(ends)
    spec = trial().spec("trial", capability="winback", unit="client_id")
    one, other = (
        Admission(spec.assignment(), "today", {}, None, Layer("checkout", low, high), None, ())
        for low, high in ((a, b), (c, d))
    )

    assert "layer" in (standing(one, unit)[0], standing(other, unit)[0])


def test_layer_holdout_and_arm_are_independent():
    layered, held, plain = rule(layer="checkout:0-50%"), rule(holdout="30%"), rule()
    table = Counter(
        (standing(layered, unit)[0], standing(held, unit)[0], standing(plain, unit)[1]) for unit in UNITS
    )

    for pair in ((0, 1), (0, 2), (1, 2)):
        counts = Counter()
        for told, size in table.items():
            counts[told[pair[0]], told[pair[1]]] += size
        rows = [[counts[a, b] for b in {k[1] for k in counts}] for a in {k[0] for k in counts}]
        assert chi2_contingency(rows).pvalue > 1e-5


def test_a_holdout_keeps_the_same_units_out_of_every_experiment_that_names_it():
    one = rule(holdout="winter:10%")
    other = Admission.of(
        trial(holdout="winter:10%", coverage=0.1).spec("other", capability="demand", unit="client_id")
    )

    held = {unit for unit in UNITS if standing(one, unit) == ("holdout", "today")}

    assert held == {unit for unit in UNITS if standing(other, unit)[0] == "holdout"}
    assert held == {unit for unit in UNITS if one.placed(unit).holdout_place < 0.1}  # places are in 10,000ths
    assert chisquare([len(held), len(UNITS) - len(held)], [2000, 18_000]).pvalue > 1e-5


def test_raising_a_holdouts_share_keeps_who_is_held_out():
    small, large = rule(holdout="5%"), rule(holdout="20%")

    assert all(
        standing(large, unit)[0] == "holdout" for unit in UNITS if standing(small, unit)[0] == "holdout"
    )


def test_the_first_reason_is_told():
    everything = {
        "forced": {"7": "chosen"},
        "holdout": "50%",
        "layer": "checkout:0-50%",
        "condition": {"country": "NL"},
        "coverage": 0.5,
    }
    guarded = rule(**everything)
    found = Counter(standing(guarded, unit, {"country": "NL"})[0] for unit in UNITS)
    shares = {"holdout": 0.5, "layer": 0.25, "coverage": 0.125, "assigned": 0.125}

    assert standing(guarded, "7") == ("forced", "chosen")
    assert standing(rule(), "") == ("no unit", None)
    assert set(found) == set(shares)
    assert chisquare([found[one] for one in shares], [20_000 * s for s in shares.values()]).pvalue > 1e-5
    assert {standing(guarded, unit)[0] for unit in UNITS} == {"holdout", "layer", "condition"}


@given(unit=units)
def test_what_is_kept_goes_before_all_but_force_and_holdout(unit):
    strict = rule(layer="checkout:0-1%", coverage=0.01, condition={"country": "NL"})

    assert standing(strict, unit, kept="chosen") == ("kept", "chosen")
    assert standing(rule(forced={unit: "today"}), unit, kept="chosen") == ("forced", "today")
    assert standing(rule(holdout="99.99%"), unit, kept="chosen")[0] in ("holdout", "kept")


@given(unit=units, fields=st.dictionaries(st.just("country"), st.sampled_from(["NL", "BE"])))
def test_why_agrees_with_what(unit, fields):
    guarded = rule(layer="checkout:0-50%", holdout="20%", condition={"country": "NL"}, coverage=0.5)

    placed = guarded.placed(unit, fields.get)

    assert (placed.standing, placed.arm) == standing(guarded, unit, fields)
    assert placed.counted is (placed.standing == "assigned")
    assert (placed.holdout_place < 0.2) is (placed.standing == "holdout")
    assert placed.condition is (fields.get("country") == "NL")
    assert (placed.layer_place < 0.5) or placed.standing in ("layer", "holdout")


def test_an_experiment_tells_the_arm_as_the_service_does():
    declared = trial(coverage=0.5, forced={7: "chosen"}, condition={"country": "NL"})
    spec = declared.spec("trial", capability="winback", unit="client_id")

    for unit in UNITS[:50]:
        expected = standing(Admission.of(spec), unit, {"country": "NL"})[1]
        assert declared.arm(unit, {"country": "NL"}) == expected
    assert declared.arm(7, {}) == "chosen"
    assert declared.arm("x", {"country": "BE"}) is None
    with pytest.raises(Invalid, match="its condition asks country") as caught:
        declared.arm("x")
    assert "pass the request's fields" in caught.value.mend


def test_an_assignment_of_growthbooks_is_taken_over_by_its_seed_and_hash_version():
    spec = trial(seed="my-test", hash_version=1).spec("trial", capability="winback", unit="client_id")

    # GrowthBook's published cases "default weights": units 1 to 9 of the experiment my-test
    expected = ["chosen", "today", "today", "chosen", "chosen", "chosen", "today", "chosen", "today"]
    assert [spec.assignment().arm(str(n)) for n in range(1, 10)] == expected
    assert trial().spec("trial", capability="winback", unit="client_id").seed == "winback/trial"


def test_who_takes_part_is_told_in_a_few_words():
    spec = trial(
        coverage=0.25,
        layer="mail:0-60%",
        holdout="5%",
        condition={"a": 1},
        sticky="client_id",
        forced={7: "today"},
    ).spec("trial", capability="winback", unit="client_id")

    assert told_part(trial().spec("trial", capability="winback", unit="client_id")) == ""
    assert told_part(spec) == (
        "0.25 of the units; layer mail from 0 to 0.6; 0.05 held out by winback/holdout; "
        'where {"a": 1}; arms kept by client_id; 1 unit forced'
    )


def test_a_holdout_that_goes_on_alone_is_told():
    spec = trial(coverage=0, holdout="5%", held_out=choose).spec("trial", capability="w", unit="client_id")

    assert (
        told_part(spec)
        == f"nobody takes part; 0.05 held out by w/holdout, answered by {spec.arms['holdout']}"
    )
    assert spec.held == "holdout"
    assert spec.order == ("today", "chosen")


def test_with_a_coverage_of_nothing_who_is_held_out_is_and_nobody_else_has_an_arm():
    alone = rule(coverage=0, holdout="5%", sticky="client_id", layer="mail:0-50%")
    full = rule(holdout="5%")

    found = [standing(alone, unit, kept="chosen") for unit in UNITS[:4_000]]
    held = [standing(full, unit)[0] == "holdout" for unit in UNITS[:4_000]]

    assert [one == ("holdout", "today") for one in found] == held
    assert {one for one in found if one[0] != "holdout"} <= {("layer", None), ("coverage", None)}


def test_an_arm_by_the_name_of_the_log_is_refused_beside_a_function_for_who_is_held_out():
    with pytest.raises(Invalid, match="an arm is called 'holdout'"):
        Experiment({"holdout": today, "chosen": choose}, primary=visited, holdout="5%", held_out=today)


def test_the_same_condition_written_in_another_order_is_the_same_experiment():
    one = trial(condition={"a": 1, "b": {"$in": [1, 2]}}).spec("trial", capability="w", unit="client_id")
    other = trial(condition={"b": {"$in": [1, 2]}, "a": 1}).spec("trial", capability="w", unit="client_id")

    assert one == other


@pytest.mark.parametrize(
    ("options", "said", "cure"),
    [
        ({"coverage": 0}, "coverage=0", "coverage=0.2"),
        ({"coverage": -0.0, "holdout": None}, "nobody takes part", 'holdout="5%"'),
        ({"coverage": -0.1, "holdout": "5%"}, "coverage=-0.1", "above 0"),
        ({"held_out": today}, "held_out= says what answers who is held out", 'holdout="5%"'),
        ({"held_out": "today", "holdout": "5%"}, "held_out='today'", "a function of the service"),
        ({"coverage": 1.2}, "coverage=1.2", "at most 1"),
        ({"coverage": float("nan")}, "coverage=nan", "above 0"),
        ({"coverage": "20%"}, "coverage='20%'", "coverage=0.2"),
        ({"coverage": 0.00001}, "less than a unit in ten thousand", "0.0001"),
        ({"layer": "checkout:50-20%"}, "no part of a namespace", "checkout:0-50%"),
        ({"layer": "checkout:0-120%"}, "no part of a namespace", "checkout:0-50%"),
        ({"layer": 0.5}, "layer=0.5", "checkout:0-50%"),
        ({"holdout": "0%"}, "holdout='0%'", '"5%"'),
        ({"holdout": 0.05}, "holdout=0.05", '"5%"'),
        ({"condition": {"a": float("nan")}}, "cannot be written as JSON", "numbers"),
        ({"condition": {"a": {1, 2}}}, "cannot be written as JSON", "lists"),
        ({"forced": {"": "today"}}, "an empty unit", "name the unit"),
        ({"seed": ""}, "seed=''", "leave seed out"),
        ({"hash_version": 3}, "hash_version=3", "use 2"),
    ],
)
def test_what_cannot_be_meant_is_refused_plainly(options, said, cure):
    with pytest.raises(Invalid) as caught:
        trial(**options)

    assert said in caught.value.what
    assert cure in caught.value.mend


def test_an_arm_that_nobody_knows_is_not_forced():
    with pytest.raises(UnknownName, match="did you mean 'chosen'"):
        trial(forced={"7": "choosen"})


def test_arms_are_kept_by_what_is_randomised():
    with pytest.raises(Invalid, match="client_id is what is randomised") as caught:
        trial(sticky="session_id").spec("trial", capability="winback", unit="client_id")

    assert "by='session_id'" in caught.value.mend
