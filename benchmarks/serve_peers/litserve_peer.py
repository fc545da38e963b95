"""LitServe, as its documentation has it: decode, predict, encode."""

import sys
from pathlib import Path

import lightgbm as lgb
import litserve as ls
import numpy as np

ZIP_CODES = {"Urban": 0, "Surburban": 1, "Rural": 2}


class Scorer(ls.LitAPI):
    def __init__(self, model: Path) -> None:
        super().__init__()
        self._path = model

    def setup(self, device):
        self.model = lgb.Booster(model_file=self._path)

    def decode_request(self, request):
        zip_code = ZIP_CODES[request["zip_code"]]
        return [[request["recency"], request["history"], zip_code, request["newbie"], 0]]

    def predict(self, rows):
        return self.model.predict(np.array(rows, dtype=float), num_threads=1)[0]

    def encode_response(self, score):
        return {"campaign": "Mens E-Mail", "score": float(score)}


def main(folder: str, port: str) -> None:
    server = ls.LitServer(Scorer(Path(folder) / "model.txt"), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(port), generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
