"""fullcycle.serve.openapi: typed, bounded, and with an example that the service answers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import served_shop
from fullcycle.data import decode
from fullcycle.record import MemoryObjects
from fullcycle.release import keep_manifest, load_release
from fullcycle.serve.openapi import openapi

PERSONAL = served_shop.ROWS.replace(
    "history: Annotated[float, fc.at_least(0)]", "history: Annotated[float, fc.personal]"
)


def documented(folder, rows=served_shop.ROWS, *, replay=False, **changes):
    objects = MemoryObjects()
    shop = served_shop.write_shop(folder)
    (shop / "winback" / "rows.py").write_text(rows)
    manifest = served_shop.manifest(objects, shop, golden="00" * 32, **changes)
    release = load_release(objects, keep_manifest(objects, manifest), served_shop.serving_codecs())
    request = served_shop.REQUESTS[0]
    return release, json.loads(openapi(release, "winback@v7", replay=replay, example=request))


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


def envelope(document):
    return decision(document)["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"][0]


def test_a_request_is_described_by_its_own_contract_with_bounds(winback):
    _, document = winback
    client = document["components"]["schemas"]["Client"]

    assert document["openapi"] == "3.1.0"
    assert document["info"] == {"title": "winback", "version": "winback@v7"}
    assert client["properties"]["recency"] == {"type": "integer", "minimum": 1, "maximum": 12}
    assert client["properties"]["history"] == {"type": "number", "minimum": 0}
    assert set(client["properties"]["zip_code"]["enum"]) == {"Urban", "Surburban", "Rural"}
    assert client["required"] == ["client_id", "recency", "history", "zip_code", "newbie"]
    assert client["additionalProperties"] is False
    assert client["description"] == "A client of the shop."


def test_every_reference_leads_somewhere(winback):
    _, document = winback
    found = set(references(document))

    assert found == {
        f"#/components/schemas/{name}" for name in ("Client", "Offer", "Problem", "FieldProblem")
    }
    assert {name.rpartition("/")[2] for name in found} == set(document["components"]["schemas"])


def test_the_example_is_a_request_that_the_release_answers(winback):
    release, document = winback
    example = decision(document)["requestBody"]["content"]["application/json"]["example"]

    row = decode(release.row, json.dumps(example).encode())
    assert release.service.call(row, None).campaign


def test_every_answer_that_the_app_gives_is_described(winback):
    _, document = winback

    refused = {"400", "401", "403", "408", "409", "413", "415", "422", "429", "500", "503"}
    assert set(decision(document)["responses"]) == {"200", *refused}


def test_one_row_is_answered_by_an_envelope_and_many_by_as_many(winback):
    _, document = winback
    row, rows = decision(document)["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    one, many = decision(document)["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"]

    assert row == {"$ref": "#/components/schemas/Client"}
    assert (rows["items"], rows["minItems"]) == (row, 1)
    assert many["items"] == one
    assert "fallback" in one["properties"]
    assert "fallback" not in one["required"]


@pytest.mark.parametrize("ref", ["winback@v7", "pricing@v12"])
def test_the_example_of_a_release_is_this_very_one(winback, ref):
    release, _ = winback
    document = json.loads(openapi(release, ref, replay=False))

    assert envelope(document)["properties"]["release"]["examples"] == [ref]


def test_a_list_of_rows_is_described_as_one(tmp_path):
    _, document = documented(tmp_path, **served_shop.alone("several"))

    assert envelope(document)["properties"]["answer"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Offer"},
    }


def test_an_example_of_personal_fields_is_not_shown(tmp_path):
    _, document = documented(tmp_path, PERSONAL)

    assert "example" not in decision(document)["requestBody"]["content"]["application/json"]


@pytest.mark.parametrize(
    ("replay", "names"), [(False, ["Idempotency-Key"]), (True, ["Idempotency-Key", "Replay-At"])]
)
def test_the_header_that_dates_a_request_is_told_only_where_it_is_allowed(tmp_path, replay, names):
    _, document = documented(tmp_path, replay=replay)

    assert [header["name"] for header in decision(document)["parameters"]] == names
