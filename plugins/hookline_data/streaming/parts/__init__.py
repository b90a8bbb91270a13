"""Files in parts that can be read without the rows before them."""
