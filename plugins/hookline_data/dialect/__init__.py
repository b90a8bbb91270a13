"""The dialect of a CSV file: delimiters, quotes, encoding, header, comments and footers."""
