"""How the commands print: reports, tables and warnings."""
