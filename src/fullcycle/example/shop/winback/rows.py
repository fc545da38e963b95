"""What comes in, what the model sees, and how the one becomes the other."""

import math
from datetime import datetime
from typing import Annotated, Literal, get_args

import fullcycle as fc

Campaign = Literal["Mens E-Mail", "Womens E-Mail", "No E-Mail"]
CAMPAIGNS: tuple[Campaign, ...] = get_args(Campaign)

ZipCode = Literal["Urban", "Surburban", "Rural"]  # the misspelling is the data's own
Channel = Literal["Phone", "Web", "Multichannel"]


class Client(fc.Row):  # the request, and a row of crm.clients
    client_id: Annotated[int, fc.key]
    recency: Annotated[int, fc.between(1, 12)]  # months since the last purchase
    history: Annotated[float, fc.at_least(0)]  # dollars spent in the past year
    zip_code: ZipCode
    newbie: bool  # a client for less than a year
    channel: Channel  # where the client bought


class Mailing(Client):  # a past decision: the request as it was then, what was done, how likely
    sent: Annotated[datetime, fc.time]
    campaign: Campaign
    propensity: Annotated[float, fc.between(0, 1)]


class Traits(fc.Row):  # what the model sees
    recency: int
    log_history: float
    zip_code: ZipCode
    newbie: bool
    channel: Channel
    campaign: Campaign


@fc.features
def traits(client: Client, campaign: Campaign) -> Traits:
    """Plain Python on one row; the same, on whole columns, over a table."""
    return Traits(
        recency=client.recency,
        log_history=math.log1p(client.history),
        zip_code=client.zip_code,
        newbie=client.newbie,
        channel=client.channel,
        campaign=campaign,
    )
