"""What PostgreSQL says, bounded, and without the password of the connection string."""

import psycopg

from fullcycle.record import masked


def said(error: psycopg.Error, url: str) -> str:
    """What the server or libpq says."""
    return masked(_without_password(" ".join(str(error).split()), url))[:300]


def shown(error: psycopg.Error, url: str) -> psycopg.Error | None:
    """The error as a cause, unless it would show what is masked."""
    return error if _without_password(str(error), url) == str(error) else None


def _without_password(text: str, url: str) -> str:
    try:
        password = psycopg.conninfo.conninfo_to_dict(url).get("password")
    except psycopg.Error:
        return "the connection string cannot be read"  # what libpq says would quote it
    return text.replace(str(password), "***") if password else text
