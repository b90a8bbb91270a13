"""Studies in a PostgreSQL database, for machines that share no file system."""
