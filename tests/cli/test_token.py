"""fullcycle token, tokens: made once, shown once, listed without being shown, taken back."""

import json

import pytest

from fullcycle.cli import fullcycle
from fullcycle.cli.group import status_of
from fullcycle.serve.tokens import valid_tokens
from fullcycle.wiring.project import open_project


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """Type a command in a small project: the exit code, what is printed, and what is said beside it."""
    (tmp_path / "fullcycle.toml").write_text("[environments.prod]\n")
    (tmp_path / "winback").mkdir()
    (tmp_path / "winback" / "brief.md").touch()
    monkeypatch.chdir(tmp_path)

    def type_it(line):
        code = status_of(fullcycle, line.split())
        told = capsys.readouterr()
        return code, told.out, told.err

    return type_it


def test_a_token_is_printed_alone_once_and_works(typed):
    code, out, err = typed("token new crm --scope decide --scope read --for winback@prod")

    assert code == 0
    assert "the only time" in err
    found = valid_tokens(open_project().ledger, "winback@prod").of(out.strip().encode())
    assert (found.name, found.scopes) == ("crm", {"decide", "read"})


def test_the_list_says_who_may_what_and_shows_no_token(typed):
    assert typed("tokens")[1] == "no tokens yet; make one: fullcycle token new crm --scope decide\n"
    token = typed("token new crm --scope decide")[1].strip()
    typed("token new ops --scope operate --for winback@prod")

    _, table, _ = typed("tokens")
    _, lines, _ = typed("tokens --json")

    assert "every service" in table
    told = [json.loads(line) for line in lines.splitlines()]
    assert [(one["name"], one["scopes"], one["service"]) for one in told] == [
        ("crm", ["decide"], ""),
        ("ops", ["operate"], "winback@prod"),
    ]
    assert token not in table + lines


def test_a_revoked_token_is_gone(typed):
    token = typed("token new crm --scope decide")[1].strip()

    assert typed("token revoke crm -m leaked")[1] == "the token crm is revoked\n"
    assert valid_tokens(open_project().ledger).of(token.encode()) is None


@pytest.mark.parametrize(
    ("line", "code", "said", "mend"),
    [
        ("token new crm", 2, "Missing option '--scope'", "fullcycle token new --help"),
        ("token new crm --scope open", 2, "'open' is not one of", "decide"),
        ("token new CRM --scope decide", 2, "'CRM' names no token", "small letters"),
        ("token new crm --scope decide --for winback", 2, "'winback' names no service", "write winback@prod"),
        ("token new crm --scope decide --for winback@prd", 2, "there is no 'prd'", "did you mean 'prod'?"),
        ("token revoke crm", 2, "there is no 'crm'", ""),
    ],
)
def test_what_cannot_be_made_or_taken_back_is_refused(typed, line, code, said, mend):
    got, _, err = typed(line)

    assert got == code
    assert said in err
    assert mend in err


def test_a_name_is_given_once(typed):
    typed("token new crm --scope decide")

    code, out, err = typed("token new crm --scope decide")

    assert (code, out) == (2, "")
    assert "revoke it first: fullcycle token revoke crm" in err
