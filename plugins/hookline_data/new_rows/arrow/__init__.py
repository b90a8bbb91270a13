"""New rows in Arrow tables, and their cells."""
