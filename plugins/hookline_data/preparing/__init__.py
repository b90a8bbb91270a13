"""From cells to the numbers of a model: kinds of columns, statistics, and matrices in blocks of rows."""
