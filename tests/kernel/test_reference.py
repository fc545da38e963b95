"""fullcycle.kernel.reference: one grammar to point at anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcycle.kernel import Invalid, Reference


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("winback", Reference("winback")),
        ("winback@42", Reference("winback", run=42)),
        ("winback@v7", Reference("winback", release=7)),
        ("winback@prod", Reference("winback", environment="prod")),
        ("winback@v7/visit", Reference("winback", release=7, step="visit")),
        ("winback/visit", Reference("winback", step="visit")),
        ("winback@vista", Reference("winback", environment="vista")),
        ("demand@3/model[1/3]", Reference("demand", run=3, step="model", element="1/3")),
        ("demand@3/model[a]b[c]]", Reference("demand", run=3, step="model", element="a]b[c]")),
    ],
)
def test_a_reference_points_at_one_thing(text, reference):
    assert Reference.parse(text) == reference
    assert str(reference) == text


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: not name[1:].isdigit()
)


@given(
    names,
    st.one_of(
        st.just({}),
        st.builds(lambda n: {"run": n}, st.integers(1)),
        st.builds(lambda n: {"release": n}, st.integers(1)),
        st.builds(lambda n: {"environment": n}, names),
    ),
    st.one_of(
        st.just({}),
        st.builds(lambda name: {"step": name}, names),
        st.builds(lambda name, key: {"step": name, "element": key}, names, st.text(min_size=1)),
    ),
)
def test_what_is_written_is_read(capability, at, step):
    reference = Reference(capability, **step, **at)

    assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@42",
        "winback@",
        "winback@v",
        "winback@42@43",
        "a/b/c",
        "1up",
        "win back",
        "a@1[b]",
        "a@1/b[]",
        "a@1/b[c",
    ],
)
def test_anything_else_says_what_may_be_written(text):
    if text == "winback@v":
        assert Reference.parse(text).environment == "v"
        return
    with pytest.raises(Invalid, match=r"winback@42 \(a run\)"):
        Reference.parse(text)
