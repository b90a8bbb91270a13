"""Tables that do not fit in memory: their files are read again in each epoch, some rows after the others."""
