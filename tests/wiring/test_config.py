"""fullcycle.wiring.config: what may stand in ``fullcycle.toml``."""

import pytest

from fullcycle.kernel import FullcycleError, Invalid, Misconfigured, Missing, UnknownName
from fullcycle.wiring.config import Config, WarehouseConfig, find_root, read_config


@pytest.fixture
def reading(tmp_path):
    def read(text: str | bytes) -> Config:
        path = tmp_path / "fullcycle.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_config(path)

    return read


def test_an_empty_file_is_a_project_with_its_record_beside_it(reading):
    project = reading("").project

    assert project.ledger == "sqlite:///.fullcycle/ledger.db"
    assert project.artifacts == ".fullcycle/artifacts"
    assert project.currency == "USD"


def test_a_warehouse_is_a_url_or_a_table_with_one(reading):
    config = reading("""
        [environments.dev]
        warehouses = { one = "duckdb:///a.duckdb", two = { url = "duckdb:///b.duckdb" } }
    """)

    assert config.environment("dev").warehouses == {
        "one": "duckdb:///a.duckdb",
        "two": WarehouseConfig("duckdb:///b.duckdb"),
    }


def test_an_environment_replays_only_where_it_says_so(reading):
    config = reading("[environments.dev]\n[environments.prod]\nreplay = true")

    assert [config.environment(name).replay for name in ("dev", "prod")] == [False, True]


def test_a_service_is_reached_on_loopback_by_its_own_pages_unless_told_otherwise(reading):
    service = reading("[environments.prod]").environment("prod").service
    assert (service.hosts, service.origins, service.tokens) == ((), (), False)

    service = (
        reading("""
        [environments.prod.service]
        hosts = ["winback.shop.example", "[2001:db8::1]"]
        origins = ["https://crm.shop.example:8443"]
        limits = { rows = 20, body_s = 2 }
    """)
        .environment("prod")
        .service
    )

    assert service.hosts == ("winback.shop.example", "[2001:db8::1]")
    assert service.origins == ("https://crm.shop.example:8443",)
    assert (service.limits.rows, service.limits.body_s, service.limits.head_s) == (20, 2.0, 10.0)


def test_the_project_is_the_nearest_folder_with_the_file(tmp_path):
    (tmp_path / "fullcycle.toml").touch()
    inner = tmp_path / "inner"
    (inner / "winback").mkdir(parents=True)
    assert find_root(inner / "winback") == tmp_path

    (inner / "fullcycle.toml").touch()
    assert find_root(inner / "winback") == inner


# refusals


WRONG = {
    "project.curency = 'EUR'": (UnknownName, "there is no 'curency'", "did you mean 'currency'?"),
    "project = 3": (Invalid, "Expected `object`, got `int` - at `$.project`", "configuration.md"),
    "environments = []": (Invalid, "Expected `object`, got `array`", "configuration.md"),
    "environments.dev = 3": (Invalid, "Expected `object`, got `int`", "configuration.md"),
    "[environments.dev]\nreplai = true": (UnknownName, "there is no 'replai'", "did you mean 'replay'?"),
    "[environments.dev]\nreplay = 1": (Invalid, "Expected `bool`, got `int`", "configuration.md"),
    "[project]\nprices = { cpu_hour = 'dear' }": (Invalid, "Expected `float`, got `str`", "configuration.md"),
    "[environments.dev]\nwarehouses.one = { link = 'x' }": (Invalid, "unknown field `link`", ""),
    "[environments.p.service]\nhost = ['a']": (UnknownName, "there is no 'host'", "did you mean 'hosts'?"),
    "[environments.p.service.limits]\nrow = 1": (UnknownName, "there is no 'row'", "did you mean 'rows'?"),
    "[environments.p.service.limits]\nrows = 0": (Invalid, "Expected `int` >= 1", "configuration.md"),
    "[environments.p.service.limits]\nbody_s = 0": (Invalid, "Expected `float` > 0", "configuration.md"),
    "[environments.p.service]\nhosts = ['a:80']": (Invalid, "matching regex", "configuration.md"),
    "[environments.p.service]\norigins = ['shop.example']": (Invalid, "matching regex", "configuration.md"),
    "[project\n": (Misconfigured, "not readable as TOML", "mend that line"),
    b"\xff\xfe": (Misconfigured, "it is not UTF-8", "save it as UTF-8"),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_may_not_stand_there_is_refused_with_the_file(reading, tmp_path, text):
    kind, what, mend = WRONG[text]

    with pytest.raises(FullcycleError) as refused:
        reading(text)

    assert isinstance(refused.value, kind)
    assert what in refused.value.what
    assert str(tmp_path / "fullcycle.toml") in refused.value.where
    assert mend in refused.value.mend


def test_an_environment_that_is_not_there_is_refused_with_the_nearest(reading):
    config = reading("[environments.dev]\n[environments.prod]")

    with pytest.raises(UnknownName, match="did you mean 'prod'"):
        config.environment("prd")


def test_outside_of_a_project_it_says_how_to_make_one(tmp_path):
    with pytest.raises(Missing, match="fullcycle new shop --example winback"):
        find_root(tmp_path)
