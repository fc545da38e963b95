"""How many of what, in words."""


def counted(many: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "run"), counted(1204, "row"), counted(2, "entry", "entries")
    ('1 run', '1,204 rows', '2 entries')
    """
    return f"{many:,} {noun if abs(many) == 1 else plural or f'{noun}s'}"
