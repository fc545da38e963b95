"""fullcycle.experiment.experiment and spec: how a user declares one, and what is refused."""

from datetime import date, datetime
from typing import Annotated

import msgspec
import pytest

from fullcycle.data import Row, key, source, time
from fullcycle.experiment import Experiment, ExperimentSpec
from fullcycle.experiment.experiment import reference
from fullcycle.kernel import Invalid, UnknownName
from fullcycle.metric import mean, proportion


class Visit(Row):
    client_id: Annotated[int, key]
    at: Annotated[datetime, time]
    spend: float


class Delivery(Row):
    decision_id: Annotated[str, key]
    at: Annotated[datetime, time]


@source(Visit)
def visits(warehouse):
    return warehouse.sql("select * from visits")


@source(Delivery)
def deliveries(warehouse):
    return warehouse.sql("select * from delivered")


visits.name, deliveries.name = "visits", "deliveries"


def named(name, metric):
    metric.name = name
    return metric


visited = named("visited", proportion(visits, within="14d"))
spent = named("spent", mean(visits, "spend", within="14d", cap=500))
converted = named("converted", proportion(visits, within="14d", where="spend > 0"))
cut = named("spent", mean(visits, "spend", within="14d", winsor=0.99))


def today(client): ...


def choose(client): ...


ARMS = {"today": today, "chosen": choose}


def trial(**options):
    return Experiment(ARMS, **{"primary": visited, **options})


def test_an_experiment_becomes_plain_data_that_survives_json():
    declared = trial(
        secondary=[spent],
        guardrails={converted: 0.05},
        weights={"chosen": 0.9, "today": 0.1},
        triggered=deliveries,
        starts=date(2026, 1, 5),
    )

    spec = declared.spec("trial", capability="winback", unit="client_id")

    assert spec.order == ("today", "chosen")
    assert spec.control == "today"
    assert spec.weights == {"today": 0.1, "chosen": 0.9}
    assert spec.arms["chosen"].endswith("test_experiment:choose")
    assert list(spec.metrics) == ["visited", "spent", "converted"]
    assert spec.metrics["spent"].within_s == 14 * 86400
    assert spec.sources == ("visits", "deliveries")
    assert spec.starts == "2026-01-05"
    text = msgspec.json.encode(spec, order="sorted")  # a manifest may sort its keys
    back = msgspec.json.decode(text, type=ExperimentSpec)
    assert back == spec
    assert [back.assignment().arm(str(i)) for i in range(99)] == [
        spec.assignment().arm(str(i)) for i in range(99)
    ]


def test_the_arm_of_a_unit_is_what_the_service_gives_it():
    declared = trial()
    spec = declared.spec("trial", capability="winback", unit="client_id")

    assert [declared.arm(unit) for unit in range(50)] == [
        spec.assignment().arm(str(unit)) for unit in range(50)
    ]


def test_by_names_another_unit():
    class Sale(Row):
        store: Annotated[int, key]
        at: Annotated[datetime, time]

    sold = named("sold", mean(source(Sale)(lambda warehouse: warehouse.sql("from sales")), within="1d"))
    spec = Experiment(ARMS, primary=sold, by="store").spec("t", capability="demand", unit="item")

    assert spec.unit == spec.metrics["sold"].unit == "store"


def test_a_function_is_named_without_its_package():
    assert reference(trial) == f"{trial.__module__.partition('.')[2] or trial.__module__}:trial"


@pytest.mark.parametrize(
    ("options", "said", "cure"),
    [
        ({"weights": {"today": 0.5, "chosen": 0.6}}, "sum to 1.1", "sum to 1"),
        ({"weights": {"today": 1.0}}, "'chosen' has no weight", "above zero"),
        ({"weights": {"today": 0.0, "chosen": 1.0}}, "'today'", "above zero"),
        ({"guardrails": {converted: 5}}, "margin of 5", "0.05 for 5 %"),
        ({"guardrails": {"converted": 0.05}}, "'converted'", "metric of flow.py"),
        ({"guardrails": [converted]}, "guardrails is [", "{converted: 0.05}"),
        ({"secondary": converted}, "secondary is ", "[spent]"),
        ({"secondary": 3}, "secondary is 3", "[spent]"),
        ({"starts": "2026-11-01"}, "starts='2026-11-01'", "date(2026, 11, 1)"),
        ({"primary": "visited"}, "primary is 'visited'", "metric of flow.py"),
        ({"secondary": [visited]}, "primary and secondary", "once"),
        ({"design": "switchback"}, "'switchback'", "use design='parallel'"),
        (
            {"analysis": "bayesian"},
            "'bayesian'",
            "'fixed' or 'group-sequential'",
        ),
        ({"covariates": "history"}, "'history' is a text", "write a list"),
        ({"covariates": ["recency", "recency"]}, "recency is a covariate twice", "each covariate once"),
        ({"covariates": [visited, visited]}, "visited is a covariate twice", "each covariate once"),
        ({"segments": "device"}, "'device' is a text", "write a list"),
        ({"looks": [0.5, 1]}, "the analysis is always-valid", 'analysis="group-sequential"'),
        ({"analysis": "group-sequential"}, "no looks are planned", "the last being 1"),
        (
            {"analysis": "group-sequential", "looks": [0.5, 0.5, 1]},
            "looks=[0.5, 0.5, 1] do not rise to 1",
            "the last being 1",
        ),
        ({"analysis": "group-sequential", "looks": [0.5]}, "looks=", "the last being 1"),
        ({"analysis": "group-sequential", "looks": [k / 40 for k in range(1, 41)]}, "40 looks", "at most 30"),
        ({"power": 1}, "power=1", "between 0 and 1"),
        ({"matters": "20000"}, "is not an amount", "0.80 USD"),
        ({"matters": "0 USD"}, "matters='0 USD'", "above zero"),
        ({"layer": "search"}, "no part of a namespace", "checkout:0-50%"),
        ({"days": 0}, "days=0", "at least one day"),
        ({"matters": -0.1}, "matters=-0.1", "above zero"),
        ({"triggered": visits}, "no decision_id", "carried out"),
        ({"past": visits}, "past=<source visits", "fc.outcomes"),
        ({"triggered": "x"}, "triggered='x'", "decision_id"),
    ],
)
def test_what_cannot_be_analysed_is_refused_plainly(options, said, cure):
    with pytest.raises(Invalid) as caught:
        trial(**options)

    assert said in caught.value.what
    assert cure in caught.value.mend


def test_one_arm_compares_nothing():
    with pytest.raises(Invalid, match="nothing is compared"):
        Experiment({"today": today}, primary=visited)
    with pytest.raises(Invalid, match="function from the request"):
        Experiment({"today": today, "chosen": 3}, primary=visited)
    with pytest.raises(Invalid, match=r"weigh arms apart: weights=\{'today': 0.6"):
        Experiment({"today": (0.6, today), "chosen": choose}, primary=visited)


@pytest.mark.parametrize("alpha", [0, -0.1, 0.5, 1.5, float("nan")])
def test_an_alpha_that_is_no_chance_is_refused_wherever_it_comes_from(alpha):
    spec = trial().spec("trial", capability="winback", unit="client_id")

    with pytest.raises(Invalid, match="is no chance of a false alarm") as caught:
        msgspec.structs.replace(spec, alpha=alpha)
    assert "such as 0.05" in caught.value.mend


def test_a_misspelt_arm_is_offered_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'chosen'"):
        trial(weights={"today": 0.5, "choosen": 0.5})


def test_a_metric_without_a_name_or_a_unit_is_refused():
    with pytest.raises(Invalid, match="bind it to a name"):
        trial(secondary=[mean(visits, within="1d")]).spec("t", capability="c", unit="client_id")
    with pytest.raises(Invalid, match="'store'"):
        trial().spec("t", capability="c", unit="store")
    twin = named("visited", mean(visits, within="1d"))
    with pytest.raises(Invalid, match="two metrics"):
        trial(secondary=[twin]).spec("t", capability="c", unit="client_id")


def test_an_arm_cannot_be_told_before_the_experiment_has_a_name():
    with pytest.raises(Invalid, match="has no name yet"):
        trial().arm(1)


class Client(Row):
    client_id: Annotated[int, key]
    device: str
    recency: int
    score: float | None


def test_covariates_segments_and_looks_become_plain_data():
    declared = trial(
        covariates=["recency", visited],
        segments=["device"],
        analysis="group-sequential",
        looks=[0.5, 1],
        spending="pocock",
        matters="20000 USD",
    )
    spec = declared.spec("trial", capability="winback", unit="client_id", request=Client)

    assert [covariate.name for covariate in spec.covariates] == ["recency", "visited before"]
    assert spec.covariates[1].before == spec.metrics["visited"]
    assert (spec.segments, spec.looks, spec.spending) == (("device",), (0.5, 1.0), "pocock")
    assert (str(spec.matters_worth), spec.matters) == ("20,000.00 USD", None)
    assert msgspec.json.decode(msgspec.json.encode(spec), type=ExperimentSpec) == spec


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"covariates": ["recencey"]}, "did you mean 'recency'"),
        ({"segments": ["devise"]}, "did you mean 'device'"),
        ({"covariates": ["device"]}, "device is str"),
        ({"segments": ["score"]}, "score is float"),
        ({"segments": [visited]}, "is among segments"),
        ({"covariates": [cut]}, "spent is a mean cut at a quantile"),
    ],
)
def test_a_field_that_cannot_serve_is_refused(options, said):
    with pytest.raises((Invalid, UnknownName), match=said):
        trial(**options).spec("trial", capability="winback", unit="client_id", request=Client)
