"""The output of the commands: reports, tables and warnings."""
