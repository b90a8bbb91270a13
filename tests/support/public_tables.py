"""Thirty public tables: files in tests/product/tables and specs/data, and tables of installed packages.

tests/product/tables/README.md lists their sources and licenses.
"""

import shutil
from pathlib import Path

import matplotlib
import pandas
from pyarrow import feather
from sklearn import datasets

TABLES = Path(__file__).parents[1] / "product" / "tables"
DATA = Path(__file__).parents[2] / "specs" / "data"
SAMPLES = Path(matplotlib.get_data_path()) / "sample_data"

TARGETS = {
    "airline_passengers.csv": "passengers",
    "auto_mpg.csv": "mpg",
    "breast_cancer.jsonl": "diagnosis",
    "concrete.csv": "compressive_strength",
    "diabetes_export.csv": "progression",
    "digits.csv": "digit",
    "duke_forest.csv": "price",
    "election_1996.csv": "vote",
    "elements.csv": "metal",
    "email.csv": "spam",
    "fuel_economy.csv": "class",
    "hitters.csv": "Salary",
    "iris.csv": "species",
    "lincoln_weather.csv": "TMAX",
    "linnerud.arrow": "Weight",
    "liver_cirrhosis.csv": "status",
    "longley.csv": "employed",
    "mammal_sleep.csv": "sleep_total",
    "mario_kart.csv": "total_pr",
    "mode_choice.csv": "choice",
    "msft.csv": "Volume",
    "penguins.csv": "Species",
    "phishing.csv.gz": "is_phishing",
    "professor_salaries.csv": "salary",
    "seattle_weather.csv": "weather",
    "Stocks.csv": "MSFT",
    "student_survey.csv": "Sex",
    "titanic.csv": "survived",
    "tuberculosis.csv": "improved",
    "wine.parquet": "cultivar",
}
"""The column to predict, by the name of the file."""


def copied(name: str, directory: Path) -> Path:
    """Put a table into a directory and return its path."""
    path = directory / name
    if name in WRITERS:
        WRITERS[name](path)
    else:
        shutil.copy(next(folder / name for folder in (TABLES, DATA, SAMPLES) if (folder / name).exists()), path)
    return path


def _wine(path: Path) -> None:
    found = datasets.load_wine(as_frame=True)
    table = found.data.assign(cultivar=found.target_names[found.target])
    table.to_parquet(path, index=False)


def _linnerud(path: Path) -> None:
    found = datasets.load_linnerud(as_frame=True)
    feather.write_feather(found.frame, path)


def _breast_cancer(path: Path) -> None:
    found = datasets.load_breast_cancer(as_frame=True)
    table = found.data.assign(diagnosis=found.target_names[found.target])
    table.to_json(path, orient="records", lines=True)


WRITERS = {"breast_cancer.jsonl": _breast_cancer, "linnerud.arrow": _linnerud, "wine.parquet": _wine}


def frame(path: Path) -> pandas.DataFrame:
    """Read a table as pandas does."""
    if path.suffix == ".parquet":
        return pandas.read_parquet(path)
    if path.suffix == ".arrow":
        return feather.read_feather(path)
    if path.suffix == ".jsonl":
        return pandas.read_json(path, lines=True)
    return pandas.read_csv(path, **READ.get(path.name, {}))


READ = {
    "airline_passengers.csv": {"parse_dates": ["month"]},
    "diabetes_export.csv": {
        "sep": ";",
        "decimal": ",",
        "encoding": "cp1252",
        "skiprows": 1,
        "skipfooter": 1,
        "engine": "python",
    },
    "election_1996.csv": {"sep": "\t", "quotechar": "'"},
    "email.csv": {"parse_dates": ["time"]},
    "lincoln_weather.csv": {"parse_dates": ["DATE"]},
    "mode_choice.csv": {"sep": ";"},
    "msft.csv": {"parse_dates": ["Date"], "date_format": "%d-%b-%y"},
    "penguins.csv": {"parse_dates": ["Date Egg"]},
    "seattle_weather.csv": {"parse_dates": ["date"]},
    "Stocks.csv": {"parse_dates": ["Date"], "comment": "#"},
}
"""How pandas reads the files that are no plain CSV of numbers and text."""
