"""Ray Serve: one deployment with one replica, on a Ray of its own."""

import signal
import sys
import tempfile

import lightgbm as lgb
import numpy as np
import ray
from ray import serve
from starlette.requests import Request

ZIP_CODES = {"Urban": 0, "Surburban": 1, "Rural": 2}


@serve.deployment(num_replicas=1, max_ongoing_requests=100)
class Scorer:
    def __init__(self, path: str) -> None:
        self.model = lgb.Booster(model_file=path)

    async def __call__(self, request: Request) -> dict:
        client = await request.json()
        zip_code = ZIP_CODES[client["zip_code"]]
        row = [client["recency"], client["history"], zip_code, client["newbie"], 0]
        score = self.model.predict(np.array([row], dtype=float), num_threads=1)[0]
        return {"campaign": "Mens E-Mail", "score": float(score)}


def main(folder: str, port: str) -> None:
    with tempfile.TemporaryDirectory(prefix="ray-") as short:  # its sockets need a short path
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _temp_dir=short)
        serve.start(http_options={"host": "127.0.0.1", "port": int(port), "access_log": False})
        serve.run(Scorer.bind(f"{folder}/model.txt"), route_prefix="/predict")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            signal.pause()
        finally:
            ray.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
