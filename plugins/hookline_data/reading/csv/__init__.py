"""Reading CSV files: their format, header and cells, and what is wrong with them."""
