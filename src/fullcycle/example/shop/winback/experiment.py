"""Today's practice against the model's choice, judged by visits."""

import fullcycle as fc

from shop.winback.flow import converted, deliveries, past, spent, visited
from shop.winback.service import choose, today

trial = fc.Experiment(
    {"today": today, "chosen": choose},
    primary=visited,
    secondary=[spent],
    guardrails={converted: 0.05},  # may worsen by at most 5 %, relative
    past=past,  # for the estimate before launch
    triggered=deliveries,  # a replay carries out a third of the decisions; only those count
    days=28,
)
