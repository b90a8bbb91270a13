"""Find the files of a data set, and read what a draft needs to know of them."""
