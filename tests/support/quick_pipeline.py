"""What a quick pipeline of scikit-learn reaches on a table."""

import pandas
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def quick_scores(inputs, target, training, test, *, is_of_classes):
    """Return the accuracy or R² of a linear model and of gradient boosting on the test rows."""
    inputs = _without_dates(inputs)
    if is_of_classes:
        models, score = (
            (LogisticRegression(max_iter=3000), HistGradientBoostingClassifier(random_state=0)),
            accuracy_score,
        )
    else:
        models, score = (Ridge(), HistGradientBoostingRegressor(random_state=0)), r2_score
    known = target.iloc[test]
    return [
        score(known, _pipeline(model).fit(inputs.iloc[training], target.iloc[training]).predict(inputs.iloc[test]))
        for model in models
    ]


def _pipeline(model):
    """Fill in and scale numbers; fill in and one-hot encode everything else."""
    of_numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    of_others = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    return make_pipeline(
        make_column_transformer(
            (of_numbers, make_column_selector(dtype_include="number")),
            (of_others, make_column_selector(dtype_exclude="number")),
        ),
        model,
    )


def _without_dates(table):
    """Make numbers of dates: days, month and weekday. Other columns that are no numbers become objects."""
    columns = {}
    for name, column in table.items():
        if pandas.api.types.is_datetime64_any_dtype(column):
            columns |= {f"{name} days": column.astype("int64") / 86_400e9, f"{name} month": column.dt.month}
            columns[f"{name} weekday"] = column.dt.day_of_week
        elif pandas.api.types.is_bool_dtype(column):
            columns[name] = column.astype(int)
        elif pandas.api.types.is_numeric_dtype(column):
            columns[name] = column
        else:
            columns[name] = column.astype(object).where(column.notna(), None)
    return pandas.DataFrame(columns)
