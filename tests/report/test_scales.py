"""fullcycle.report.scales: charts beside each other on one scale."""

from fullcycle.evaluate import Influence
from fullcycle.report.charts import influence_bars, qini_curve
from fullcycle.report.scales import on_one_scale
from report.winback import evaluation


def domains(spec, axis):
    encodings = [layer["encoding"][axis] for layer in spec["layer"] if axis in layer["encoding"]]
    return {tuple(one["scale"]["domain"]) for one in encodings if one.get("type") == "quantitative"}


def bars(*values):
    return influence_bars([Influence(feature=f"f{v}", mean_abs=v, effects=[], levels=[]) for v in values])


def test_both_reach_from_the_least_to_the_largest_of_either():
    small, large = on_one_scale([bars(1.0), bars(1.0, 4.0)])

    ((low, high),) = domains(small, "x")
    assert domains(large, "x") == {(low, high)}
    assert low == 0
    assert high >= 4


def test_a_chart_beside_itself_keeps_its_values_and_the_original_is_left_alone():
    spec = qini_curve(evaluation().curve, share=True)
    before = str(spec)

    one, other = on_one_scale([spec, spec])

    assert one == other
    assert str(spec) == before
    assert [layer["data"] for layer in one["layer"]] == [layer["data"] for layer in spec["layer"]]
