"""A story as the record tells it: the win-back e-mail, judged, released, tried and measured."""

import numpy as np

from fullcycle.evaluate import Bin, CurvePoint, Evaluation, Influence, Measured, Slice
from fullcycle.kernel import Money
from fullcycle.report import (
    AssessmentPart,
    BriefPart,
    CostPart,
    Effect,
    EvaluationPart,
    ExperimentPart,
    FlowPart,
    FlowStep,
    Provenance,
    Story,
    ValueRow,
    Verdict,
    Worth,
)
from report.winback_experiment import simple


def usd(amount: float) -> Money:
    return Money(amount, "USD")


def evaluation() -> Evaluation:
    rng = np.random.default_rng(4)
    shares = np.linspace(0, 1, 41)
    gains = 0.062 * shares + 0.05 * shares * (1 - shares)
    width = 0.014 * np.sqrt(shares * (1.15 - shares)) + 0.004 * shares
    features = {
        "log_history": (0.31, []),
        "recency": (0.27, []),
        "zip_code": (0.2, ["Urban", "Surburban", "Rural"]),
        "campaign": (0.18, ["Mens E-Mail", "Womens E-Mail", "No E-Mail"]),
        "newbie": (0.12, ["no", "yes"]),
        "channel": (0.05, ["Phone", "Web", "Multichannel"]),
    }
    influences = []
    for name, (size, labels) in features.items():
        levels = rng.integers(0, 3, 200) / 2 if labels else np.round(rng.uniform(size=200), 3)
        effects = size * 2.2 * (levels - 0.5) + rng.normal(0, size / 3, 200)
        influences.append(
            Influence(
                feature=name,
                mean_abs=float(np.abs(effects).mean()),
                effects=[float(effect) for effect in effects],
                levels=[float(level) for level in levels],
                labels=labels,
            )
        )
    predicted = np.linspace(0.07, 0.29, 10)
    observed = predicted + rng.normal(0, 0.008, 10)
    return Evaluation(
        score="qini@No E-Mail",
        meaning="area between the Qini curve against No E-Mail and random order, in outcome per row",
        higher_is_better=True,
        model=Measured(0.00831, 0.00214, 0.01422),
        baseline=Measured(0.00112, -0.00201, 0.00432),
        baseline_name="womens_to_everybody",
        difference=Measured(0.00719, 0.00087, 0.01305),
        train_rows=17_918,
        test_rows=7_680,
        slices=[
            Slice(column="zip_code", value="Rural", rows=1_143, score=Measured(0.0042, -0.0091, 0.0181)),
            Slice(column="zip_code", value="Surburban", rows=3_465, score=Measured(0.0093, 0.0011, 0.0178)),
            Slice(column="zip_code", value="Urban", rows=3_072, score=Measured(0.0081, -0.0006, 0.0163)),
            Slice(column="newbie", value="no", rows=3_811, score=Measured(0.0102, 0.0021, 0.0184)),
            Slice(column="newbie", value="yes", rows=3_838, score=Measured(0.0058, -0.0014, 0.0139)),
            Slice(column="newbie", value="missing", rows=31, note="too few rows: fewer than 50"),
        ],
        bins=[
            Bin(rows=768, predicted=float(p), observed=float(o), low=float(o) - 0.024, high=float(o) + 0.026)
            for p, o in zip(predicted, observed, strict=True)
        ],
        bins_kind="calibration",
        curve=[
            CurvePoint(share=float(x), gain=float(g), low=float(g - w), high=float(g + w))
            for x, g, w in zip(shares, gains, width, strict=True)
        ],
        influences=sorted(influences, key=lambda influence: -influence.mean_abs),
    )


def experiment() -> ExperimentPart:
    return ExperimentPart(simple(), "experiment winback/trial · readout of 2026-11-21", "2026-11-21 by dana")


def story() -> Story:
    (effect,) = simple().primary
    return Story(
        capability="winback",
        title="Win-back e-mail",
        made="2026-11-21 08:30 UTC",
        notes=("This replays a real randomised experiment (Hillstrom, 2008); the data are public.",),
        verdict=Verdict(
            "ship",
            "Choosing the e-mail for each client brings 2.5 more visits per hundred clients "
            "than the women's e-mail to everybody, and the guardrail holds.",
            "experiment winback/trial · closed 2026-11-21",
        ),
        value=ValueRow(
            "visited",
            unit="client",
            share=True,
            estimated=Effect(0.01, 0.03, "winback/brief.md · a81f03c2"),
            off_policy=Effect(0.0017, 0.0473, "winback@3 · self-normalised IPS", 0.0245),
            off_policy_note="effective sample size 2,561",
            measured=Effect(effect.low, effect.high, "experiment winback/trial", effect.difference),
            estimated_worth=Worth(usd(4_000), usd(12_000)),
            measured_worth=Worth(usd(effect.low * 4e5), usd(effect.high * 4e5), usd(effect.difference * 4e5)),
            cost=usd(0.037),
            worth_note="Worth: 500,000 clients per year × 0.80 USD per visit (winback/brief.md).",
        ),
        brief=BriefPart(
            problem="Lapsed clients all get the women's e-mail; many never open it.",
            owner="growth@example.com",
            tier="low",
            metric="visited",
            source="winback/brief.md · a81f03c2, as of winback@3",
            prose="Each e-mail costs little, but a client who gets three that do not fit "
            "**stops opening** any.\n\n"
            "- women's e-mail to everybody: 15.1 % visit\n- men's e-mail to everybody: 18.3 % visit",
            facts=(
                ("estimate", "0.01 to 0.03 more visits per client"),
                ("reach", "500,000 clients per year"),
            ),
        ),
        flow=FlowPart(
            steps=(
                FlowStep("mailings", "source", (), 0.062, False, "a source runs every time", 25_598),
                FlowStep("visits", "source", (), 0.031, False, "a source runs every time", 9_412),
                FlowStep("delivered", "source", (), 0.008, False, "a source runs every time", 0),
                FlowStep("past", "outcomes", ("mailings", "visits"), 0.114, False, "visits changed", 25_598),
                FlowStep("training", "step", ("past",), 0.02, True, "same code, data and parameters", 25_598),
                FlowStep("visit", "model", ("training",), 0.94, False, "rows.py:41 traits() changed"),
            ),
            source="winback@3",
            message="history on a log scale",
        ),
        evaluations=(EvaluationPart("visit", evaluation(), "winback@3 · score qini@No E-Mail"),),
        assessment=AssessmentPart(
            1.9,
            3.6,
            142.0,
            "winback@v2 · assessed at release",
            20.0,
            200.0,
            0.61,
            "2,000 requests, one worker",
        ),
        experiment=experiment(),
        cost=CostPart(
            (("3 runs", usd(0.0041)), ("1 release", usd(0.0008)), ("serving, 28 days", usd(0.032))),
            usd(0.0369),
            "the ledger, priced by fullcycle.toml",
        ),
        provenance=(
            Provenance("run", "winback@3", "5f1c9a70b3d2aa", "2026-11-20 16:02 UTC", "dana"),
            Provenance("release", "winback@v2", "90ab11fe30c4d7", "2026-11-20 16:04 UTC", "dana"),
            Provenance("code", "winback@3", "c2de41009fa3b1", "2026-11-20 16:02 UTC", "commit 8f3ac91"),
            Provenance("training data", "winback@3/training", "77e0a4cc19d2f0", "2026-11-20 16:02 UTC"),
            Provenance("experiment", "winback/trial", "", "2026-11-21 08:12 UTC", "dana"),
        ),
    )
