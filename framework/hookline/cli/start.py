"""The entry point of the command `hookline`. It imports nothing before Ctrl-C is handled."""


def main() -> int:
    """Import the command and run it. Ctrl-C during the import ends the process with a line instead of a traceback."""
    try:
        from hookline.cli.main import main as command

        return command()
    except KeyboardInterrupt:  # The command handles those that come later.
        import sys

        sys.stderr.write("Interrupted.\n")
        return 130
