"""Numbers as a reader wants them: few digits, true minus signs, points for shares."""

import re

from fullcycle.kernel import Money

_MINUS = "\u2212"
_CENT = ("under 0.01", "above -0.01")  # what is less than a cent, by whether it is a loss
_GAP = "\u202f"  # a narrow space that does not break, before a unit


def number(value: float, *, digits: int = 3) -> str:
    """A number to some significant digits, with thousands separated.

    >>> number(0.0123456), number(64000), number(-1234.5)
    ('0.0123', '64,000', '−1,234')
    """
    if value == 0:
        return "0"
    if abs(value) >= 10 ** (digits - 1):
        text = f"{value:,.0f}"
    elif abs(value) >= 1e-4:
        text = f"{float(f'{value:.{digits}g}'):.{_decimals(value, digits)}f}"
    else:
        text = f"{value:.{max(digits - 1, 0)}e}"
    return text.replace("-", _MINUS)


def signed(value: float, *, digits: int = 3) -> str:
    """A number with its sign, also a plus."""
    text = number(value, digits=digits)
    return text if value <= 0 else f"+{text}"


def aligned(*values: float, plus: bool = False) -> list[str]:
    """Numbers with the decimals that the largest of them needs, so that they compare at a glance.

    >>> aligned(0.00719, 0.00087, 0.0131, plus=True)
    ['+0.0072', '+0.0009', '+0.0131']
    """
    largest = max(abs(value) for value in values)
    decimals = min(_decimals(largest, 3), 6) if largest else 0
    texts = [f"{value:{'+' if plus else ''},.{decimals}f}" for value in values]
    return ["0" if not text.strip("+-0.") else text.replace("-", _MINUS) for text in texts]


def share(value: float) -> str:
    """A share of one as a percentage, to compare with others.

    >>> share(0.18153), share(0.5)
    ('18.15\u202f%', '50.0\u202f%')
    """
    return f"{value * 100:.{1 if abs(value) >= 0.2 else 2}f}{_GAP}%".replace("-", _MINUS)


def percent(value: float, *, plus: bool = False) -> str:
    """A percentage that stands alone, without needless decimals.

    >>> percent(0.05), percent(0.148, plus=True)
    ('5\u202f%', '+14.8\u202f%')
    """
    return f"{round(value * 100, 1):{'+' if plus else ''}g}{_GAP}%".replace("-", _MINUS)


def points(value: float) -> str:
    """A difference of two shares in percentage points, the number alone.

    >>> points(0.0213)
    '+2.13'
    """
    text = f"{value * 100:+.2f}".replace("-", _MINUS)
    return "0.00" if text[1:] == "0.00" else text


def effect(value: float, *, of_shares: bool) -> str:
    """A difference: in percentage points for shares, as a signed number else."""
    return points(value) if of_shares else signed(value)


def effect_range(low: float, high: float, *, of_shares: bool) -> str:
    """An interval of a difference."""
    ends = (points(low), points(high)) if of_shares else aligned(low, high, plus=True)
    return " to ".join(ends)


def level(value: float, *, of_shares: bool) -> str:
    """A mean: a percentage for shares, a number else."""
    return share(value) if of_shares else number(value)


def money(amount: Money, *, cents: bool = False) -> str:
    """An amount, to the unit or to the cent, rounded to three digits above a thousand.

    >>> money(Money(7723.4, "USD")), money(Money(0.034, "USD"), cents=True)
    ('7,720\u202fUSD', '0.03\u202fUSD')
    """
    value = amount.amount
    if cents or 0 < abs(value) < 10:
        text = f"{value:,.2f}" if abs(value) >= 0.005 or value == 0 else _CENT[value < 0]
    else:
        text = f"{float(f'{value:.3g}'):,.0f}"
    return f"{text}{_GAP}{amount.currency}".replace("-", _MINUS)


def seconds(value: float) -> str:
    """A duration.

    >>> seconds(0.0123), seconds(4.2), seconds(190)
    ('12\u202fms', '4.2\u202fs', '3\u202fmin 10\u202fs')
    """
    if value < 1:
        return f"{value * 1000:.0f}{_GAP}ms"
    if value < 60:
        return f"{value:.1f}{_GAP}s"
    whole = round(value)
    return f"{whole // 60}{_GAP}min {whole % 60}{_GAP}s"


def typeset(text: str) -> str:
    """A sentence with true minus signs before numbers, and spaces before a per cent that do not break.

    >>> typeset("between -1.5 and +2.0 on 2026-01-05, win-back")
    'between −1.5 and +2.0 on 2026-01-05, win-back'
    """
    return re.sub(r"(?<![\w-])-(?=\d)", _MINUS, text).replace(" %", f"{_GAP}%")


def _decimals(value: float, digits: int) -> int:
    first = int(f"{value:e}".rpartition("e")[2])  # power of ten of the first digit
    return max(digits - 1 - first, 0)
