"""Columns of Arrow, as Parquet, Arrow and JSON files contain them, as what the model and the targets need."""
