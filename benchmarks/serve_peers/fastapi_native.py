"""FastAPI by hand, as one writes it who cares: pydantic for the row, LightGBM's library by its fast path."""

import ctypes
import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

ZIP_CODES = {"Surburban": 1.0, "Urban": 0.0, "Rural": 2.0}
NORMAL, FLOAT64, FEATURES = 0, 1, 5


class Client(BaseModel):
    client_id: int
    recency: Annotated[int, Field(ge=1, le=12)]
    history: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    zip_code: Literal["Urban", "Surburban", "Rural"]
    newbie: bool
    note: str | None = None


class Scored(BaseModel):
    campaign: str
    score: float


class Booster:
    """One row at a time, without the Python package; not for threads."""

    def __init__(self, path: Path) -> None:
        spec = importlib.util.find_spec("lightgbm")
        assert spec is not None
        assert spec.origin is not None
        self._library = ctypes.CDLL(str(next(Path(spec.origin).parent.rglob("lib_lightgbm.so"))))
        booster, rounds = ctypes.c_void_p(), ctypes.c_int()
        self._do(
            "BoosterCreateFromModelfile", str(path).encode(), ctypes.byref(rounds), ctypes.byref(booster)
        )
        self._fast = ctypes.c_void_p()
        zero, all_of_them = ctypes.c_int(0), ctypes.c_int(-1)
        self._do(
            "BoosterPredictForMatSingleRowFastInit",
            *(booster, ctypes.c_int(NORMAL), zero, all_of_them, ctypes.c_int(FLOAT64)),
            *(ctypes.c_int32(FEATURES), b"num_threads=1", ctypes.byref(self._fast)),
        )
        self._row = (ctypes.c_double * FEATURES)()
        self._length, self._score = ctypes.c_int64(), (ctypes.c_double * 1)()
        self._arguments = self._fast, self._row, ctypes.byref(self._length), self._score
        self._predict = self._library.LGBM_BoosterPredictForMatSingleRowFast

    def score(self, *row: float) -> float:
        self._row[:] = row
        if self._predict(*self._arguments):
            raise RuntimeError("no prediction")
        return self._score[0]

    def _do(self, name: str, *arguments: object) -> None:
        if getattr(self._library, f"LGBM_{name}")(*arguments):
            self._library.LGBM_GetLastError.restype = ctypes.c_char_p
            raise RuntimeError(self._library.LGBM_GetLastError().decode())


def main(folder: str, port: str) -> None:
    booster, app = Booster(Path(folder) / "model.txt"), FastAPI()

    @app.post("/predict")
    async def predict(client: Client) -> Scored:
        zip_code = ZIP_CODES[client.zip_code]
        score = booster.score(client.recency, client.history, zip_code, client.newbie, 0.0)
        return Scored(campaign="Mens E-Mail", score=score)

    uvicorn.run(app, port=int(port), loop="uvloop", http="httptools", access_log=False, log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
