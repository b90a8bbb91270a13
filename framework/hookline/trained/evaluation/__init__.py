"""Evaluate a finished run: loss and metrics of a split or of new rows, and the predictions behind them."""
