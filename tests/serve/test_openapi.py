"""fullcycle.serve.openapi: typed, bounded, valid, with an example that the service answers."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

import served_shop
from asgi_client import ask
from fullcycle.adapters.segment_writer import SegmentWriter
from fullcycle.data import decode
from fullcycle.record import MemoryLedger, MemoryObjects
from fullcycle.release import GoldenRow, keep_manifest, load_release
from fullcycle.serve import App, Deployed, Edge, Stager
from fullcycle.serve.guard import Guard
from fullcycle.serve.openapi import at_edge, openapi
from fullcycle.serve.serving import Serving
from fullcycle.serve.tokens import make_token, valid_tokens

ROWS = served_shop.ROWS.replace(
    "    note: str | None = None\n",
    """    # what the client said
    # on the phone
    note: str | None = None
    since: date | None = None  # of the first order
    seen: datetime | None = None
    code: Annotated[str, fc.matching("^[A-Z]{2}[0-9]{3}$")] | None = None
    short: Annotated[str, fc.length(3)] = "abc"
    likes: Annotated[list[float], fc.length(2)] | None = None
    tags: list[str] = []
    level: Literal[1, 2, 3] | None = None
""",
).replace("from typing import", "from datetime import date, datetime\nfrom typing import")


def documented(folder, rows=ROWS, *, replay=False, request=served_shop.REQUESTS[0], **changes):
    objects = MemoryObjects()
    shop = served_shop.write_shop(folder)
    (shop / "winback" / "rows.py").write_text(rows)
    manifest = served_shop.manifest(objects, shop, golden="00" * 32, **changes)
    release = load_release(objects, keep_manifest(objects, manifest), served_shop.serving_codecs())
    answers = {release.service.reference: {"campaign": "No E-Mail"}}
    golden = GoldenRow(id="golden-1", request=request, answers=answers)
    return release, json.loads(openapi(release, "winback@v7", replay=replay, golden=golden))


@pytest.fixture(scope="module")
def winback(tmp_path_factory):
    return documented(tmp_path_factory.mktemp("openapi"))


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def decision(document):
    return document["paths"]["/winback"]["post"]


def example(document):
    return decision(document)["requestBody"]["content"]["application/json"]["example"]


def schema(document, name):
    return document["components"]["schemas"][name]


@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("service", ["choose", "several", "drawn"])
def test_the_document_is_valid_openapi_of_version_3_1(tmp_path, service, tokens):
    _, document = documented(tmp_path, replay=True, **served_shop.alone(service))
    told = json.loads(at_edge(json.dumps(document).encode(), rows=256, tokens=tokens))

    assert list(OpenAPIV31SpecValidator(told).iter_errors()) == []
    assert told["openapi"].startswith("3.1.")


def test_a_request_is_described_by_its_own_contract_with_bounds(winback):
    _, document = winback
    client = schema(document, "Client")
    told = client["properties"]

    assert document["info"] == {"title": "winback", "version": "winback@v7"}
    assert told["recency"] == {"type": "integer", "minimum": 1, "maximum": 12, "examples": [3]}
    assert told["history"] == {"type": "number", "minimum": 0, "examples": [12.5]}
    assert told["zip_code"]["enum"] == ["Urban", "Surburban", "Rural"]
    assert told["zip_code"]["type"] == "string"
    likes = next(form for form in told["likes"]["anyOf"] if form["type"] == "array")
    assert (likes["minItems"], likes["maxItems"]) == (2, 2)
    assert client["required"] == ["client_id", "recency", "history", "zip_code", "newbie"]
    assert client["additionalProperties"] is False


def test_docstrings_and_comments_of_the_code_describe_what_they_stand_beside(tmp_path):
    service = served_shop.SERVICE.replace(
        "-> Offer:\n    return Offer(max", '-> Offer:\n    """Send what works."""\n    return Offer(max', 1
    )
    assert service != served_shop.SERVICE
    objects = MemoryObjects()
    shop = served_shop.write_shop(tmp_path, service=service)
    (shop / "winback" / "rows.py").write_text(ROWS)
    manifest = served_shop.manifest(objects, shop, golden="00" * 32)
    release = load_release(objects, keep_manifest(objects, manifest), served_shop.serving_codecs())
    document = json.loads(openapi(release, "winback@v7", replay=False))
    told = schema(document, "Client")

    assert document["info"]["description"] == "Send what works."
    assert told["description"] == "A client of the shop."
    assert told["properties"]["note"]["description"] == "what the client said on the phone"
    assert told["properties"]["since"]["description"] == "of the first order"
    assert told["properties"]["seen"]["description"] == "UTC where no zone is given"


def test_every_reference_leads_somewhere(winback):
    _, document = winback

    for reference in set(references(document)):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_the_example_is_a_request_that_the_release_answers(winback):
    release, document = winback

    row = decode(release.row, json.dumps(example(document)).encode())
    assert release.service.call(row, None).campaign


def test_every_answer_that_the_app_gives_is_described(winback):
    _, document = winback

    refused = {"400", "401", "403", "408", "409", "413", "415", "422", "429", "500", "503"}
    assert set(decision(document)["responses"]) == {"200", *refused}
    assert set(document["components"]["responses"]) == refused
    assert "Retry-After" in document["components"]["responses"]["503"]["headers"]


def test_one_row_is_answered_by_an_envelope_and_many_by_as_many(winback):
    _, document = winback
    row, rows = decision(document)["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    one, many = decision(document)["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"]
    told = schema(document, "Decision")

    assert row == {"$ref": "#/components/schemas/Client"}
    assert rows["items"] == row
    assert many["items"] == one == {"$ref": "#/components/schemas/Decision"}
    assert "fallback" in told["properties"]
    assert "fallback" not in told["required"]
    assert told["properties"]["release"]["examples"] == ["winback@v7"]


def test_a_contract_that_is_called_decision_keeps_its_name(tmp_path):
    rows = ROWS.replace("class Client(", "class Decision(").replace("client: Client", "client: Decision")
    objects = MemoryObjects()
    shop = served_shop.write_shop(tmp_path, service=served_shop.SERVICE.replace("Client", "Decision"))
    (shop / "winback" / "rows.py").write_text(rows)
    manifest = served_shop.manifest(objects, shop, golden="00" * 32)
    release = load_release(objects, keep_manifest(objects, manifest), served_shop.serving_codecs())
    document = json.loads(openapi(release, "winback@v7", replay=False))

    assert "recency" in schema(document, "Decision")["properties"]
    assert "decision_id" in schema(document, "Decision_")["properties"]


def test_a_list_of_rows_is_described_as_one(tmp_path):
    _, document = documented(tmp_path, **served_shop.alone("several"))

    assert schema(document, "Decision")["properties"]["answer"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Offer"},
    }


@pytest.mark.parametrize(
    ("field", "personal", "shown"),
    [
        (
            "history: Annotated[float, fc.at_least(0)]",
            "history: Annotated[float, fc.at_least(2), fc.personal]",
            2.0,
        ),
        ("newbie: bool", "newbie: Annotated[bool, fc.personal]", False),
        (
            'zip_code: Literal["Urban", "Surburban", "Rural"]\n    newbie: bool\n    #',
            'zip_code: Annotated[Literal["Rural", "Urban"], fc.personal]\n    newbie: bool\n    #',
            "Rural",
        ),
        ("client_id: Annotated[int, fc.key]", "client_id: Annotated[int, fc.key, fc.personal]", 0),
    ],
)
def test_a_personal_field_of_the_example_is_made_up(tmp_path, field, personal, shown):
    rows = ROWS.replace(field, personal, 1)
    assert rows != ROWS
    release, document = documented(tmp_path, rows)
    name = personal.partition(":")[0]
    told = example(document)

    assert told[name] == shown
    assert {**told, name: None} == {**served_shop.REQUESTS[0], name: None}
    assert schema(document, "Client")["properties"][name]["x-personal"] is True
    decode(release.row, json.dumps(told).encode())


def test_an_example_that_has_to_fit_a_pattern_and_is_personal_is_not_shown(tmp_path):
    rows = ROWS.replace(
        "history: Annotated[float, fc.at_least(0)]", 'history: Annotated[str, fc.matching("x"), fc.personal]'
    )
    _, document = documented(tmp_path, rows, **served_shop.alone("drawn"))

    assert "example" not in decision(document)["requestBody"]["content"]["application/json"]
    assert "12.5" not in json.dumps(document)


@pytest.mark.parametrize(
    ("replay", "names"), [(False, ["Idempotency-Key"]), (True, ["Idempotency-Key", "Replay-At"])]
)
def test_the_header_that_dates_a_request_is_told_only_where_it_is_allowed(tmp_path, replay, names):
    _, document = documented(tmp_path, replay=replay)

    assert [header["name"] for header in decision(document)["parameters"]] == names


# The service itself, held to what its document says.


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    shop = served_shop.write_shop(folder)
    (shop / "winback" / "rows.py").write_text(ROWS)
    objects = MemoryObjects()
    digest = served_shop.release(objects, shop, **served_shop.alone("choose"))
    stager = Stager(
        objects, served_shop.serving_codecs(), SegmentWriter(folder / "events"), "prod", print, root=shop
    )
    return Serving(stager(Deployed(3, digest)))


def app(serving, **edge):
    return App(serving, lambda: None, capability="winback", replay=False, tell=print, edge=Edge(**edge))


def test_a_service_tells_how_many_rows_it_takes_and_asks_for_no_token(served):
    told = ask(app(served), "GET", "/openapi.json").json
    _, many = decision(told)["requestBody"]["content"]["application/json"]["schema"]["oneOf"]

    assert many["maxItems"] == 256
    assert "security" not in decision(told)
    assert "securitySchemes" not in told["components"]


def test_where_a_token_is_demanded_each_operation_names_its_scope(served):
    ledger = MemoryLedger()
    secret = make_token(ledger, "reader", ["read"], by="ann")
    tokens = valid_tokens(ledger)
    guarded = app(served, guard=Guard(loopback=False, tokens=tokens))
    told = ask(
        guarded, "GET", "/openapi.json", headers=[(b"authorization", b"Bearer " + secret.encode())]
    ).json

    assert told["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    scopes = {route.path: route.scope for route in guarded.routes.all}
    for path, operations in told["paths"].items():
        for operation in operations.values():
            needed = operation.get("security", [{}])[0].get("token", ["open"])
            assert needed == [scopes[path]], path


def test_every_path_of_the_document_is_answered_and_every_route_but_the_page_is_in_it(served):
    told = ask(app(served), "GET", "/openapi.json").json

    assert {route.path for route in app(served).routes.all} - {"/try"} == set(told["paths"])


def admitted(told):
    """Values that a schema of ours admits."""
    if "anyOf" in told:
        return st.one_of([admitted(form) for form in told["anyOf"]])
    if "enum" in told:
        return st.sampled_from(told["enum"])
    if told["type"] == "array":
        return st.lists(
            admitted(told["items"]), min_size=told.get("minItems", 0), max_size=told.get("maxItems", 5)
        )
    if told.get("format") == "date":
        return st.dates().map(str)
    if told.get("format") == "date-time":
        return st.datetimes(timezones=st.just(None)).map(lambda at: f"{at.isoformat()}Z")
    if "pattern" in told:
        return st.from_regex(told["pattern"].replace("$", r"\Z"))
    low, high = told.get("minimum"), told.get("maximum")
    return {
        "null": st.none(),
        "boolean": st.booleans(),
        "integer": st.integers(low, high),
        "number": st.floats(low, high, allow_nan=False, allow_infinity=False) | st.integers(low or 0, 2**53),
        "string": st.text(
            st.characters(exclude_categories=["Cs"]),
            min_size=told.get("minLength", 0),
            max_size=told.get("maxLength", 20),
        ),
    }[told["type"]]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.floats(-1e9, 1e9) | st.text("aZ1é-", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=5,
)


@st.composite
def rows_of(draw, client):
    """Rows that the schema admits, and some that are broken in one place."""
    names = [name for name in client["properties"] if name in client["required"] or draw(st.booleans())]
    row = {name: draw(admitted(client["properties"][name])) for name in names}
    harm = draw(st.sampled_from(["none", "none", "value", "missing", "more"]))
    if harm == "value":
        row[draw(st.sampled_from(sorted(row)))] = draw(ANYTHING)
    elif harm == "missing":
        del row[draw(st.sampled_from(client["required"]))]
    elif harm == "more":
        row["recencyy"] = draw(ANYTHING)
    return row


@pytest.mark.slow
def test_what_the_schema_admits_is_answered_and_what_it_forbids_is_refused(served):
    service = app(served)
    document = ask(service, "GET", "/openapi.json").json
    client = schema(document, "Client")
    formats = jsonschema.FormatChecker(["date"])  # of times, a service takes more than RFC 3339 allows
    formats.checkers["int64"] = (lambda one: not isinstance(one, int) or -(2**63) <= one < 2**63, ())
    rules = jsonschema.Draft202012Validator(client, format_checker=formats)
    seen = set()

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(row=rows_of(client))
    def hold(row):
        whole = any(isinstance(row.get(name), float) for name in ("client_id", "recency", "level"))
        times = isinstance(row.get("seen"), str)
        status = ask(service, "POST", "/winback", row).status
        seen.add(status)
        if rules.is_valid(row):
            # 3.0 is an integer to JSON Schema, and none to us; a time's format is no rule of it
            assert status == 200 or (status == 422 and (whole or times))
        else:
            assert status == 422

    hold()
    assert seen == {200, 422}


def test_the_answers_keep_to_the_document_too(served):
    service = app(served)
    document = ask(service, "GET", "/openapi.json").json
    resolved = {**document["components"]["schemas"]["Decision"], "components": document["components"]}
    explained = {**document["components"]["schemas"]["Explanation"], "components": document["components"]}
    refused = {**document["components"]["schemas"]["Problem"], "components": document["components"]}
    client = served_shop.REQUESTS[0]

    jsonschema.validate(ask(service, "POST", "/winback", client).json, resolved)
    jsonschema.validate(ask(service, "POST", "/explain", client).json, explained)
    jsonschema.validate(ask(service, "POST", "/winback", {**client, "recency": 13}).json, refused)


def test_the_golden_row_is_the_example(served):
    release = served.active.decider.release

    told = ask(app(served), "GET", "/openapi.json").json
    assert example(told) == served_shop.REQUESTS[0]
    assert release.row.__name__ == "Client"
