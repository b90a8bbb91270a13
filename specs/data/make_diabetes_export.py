"""Write `diabetes_export.csv`: `diabetes.csv` as a spreadsheet of a European country exports it.

The text is in cp1252 with CRLF line endings. Cells are separated by semicolons, numbers have decimal commas, a title
stands above the header, and the number of patients below the rows.
"""

from pathlib import Path

DIRECTORY = Path(__file__).parent


def main() -> None:
    """Write the file."""
    rows = (DIRECTORY / "diabetes.csv").read_text(encoding="utf-8").splitlines()
    cells = [row.replace(",", ";").replace(".", ",") for row in rows]
    lines = ["Diabète – 442 patients", *cells, f"Total: {len(rows) - 1} patients", ""]
    (DIRECTORY / "diabetes_export.csv").write_bytes("\r\n".join(lines).encode("cp1252"))


if __name__ == "__main__":
    main()
