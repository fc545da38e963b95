"""BentoML: a service whose method takes a pydantic model, by its own command."""

import os
import sys
from pathlib import Path
from typing import Literal

import bentoml
import lightgbm as lgb
import numpy as np
from pydantic import BaseModel, Field

ZIP_CODES = {"Urban": 0, "Surburban": 1, "Rural": 2}


class Client(BaseModel):
    client_id: int
    recency: int = Field(ge=1, le=12)
    history: float = Field(ge=0)
    zip_code: Literal["Urban", "Surburban", "Rural"]
    newbie: bool


class Scored(BaseModel):
    campaign: str
    score: float


@bentoml.service(workers=1)
class Shop:
    def __init__(self) -> None:
        self.model = lgb.Booster(model_file=Path(os.environ["SERVED_MODEL"]))

    @bentoml.api
    def predict(self, client: Client) -> Scored:
        row = [client.recency, client.history, ZIP_CODES[client.zip_code], client.newbie, 0]
        score = self.model.predict(np.array([row], dtype=float), num_threads=1)[0]
        return Scored(campaign="Mens E-Mail", score=float(score))


def main(folder: str, port: str) -> None:
    os.environ["SERVED_MODEL"] = f"{folder}/model.txt"
    os.environ["BENTOML_HOME"] = f"{folder}/bentoml"
    os.chdir(Path(__file__).parent)
    command = ["serve", "bentoml_peer:Shop", "--port", port, "--host", "127.0.0.1"]
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", *command])


if __name__ == "__main__":
    main(*sys.argv[1:])
