"""The URL of a database, and how messages name it."""

from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from hookline.errors import StorageError

SCHEMES = ("postgresql", "postgres")
"""The schemes of URLs of PostgreSQL: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS."""

OPTIONS = {
    "application_name": "hookline",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""Options of a connection that the URL does not set: a server that is unreachable is noticed after a minute."""


@frozen
class Address:
    """A database."""

    name: str
    """How messages name it: without user, password and options."""
    options: dict[str, Any] = field(repr=False)
    """The options of a connection, with the password."""

    @classmethod
    def of(cls, url: str) -> "Address":
        """Read a URL.

        Raises:
            StorageError: if it is not valid. The message does not repeat it, since it may contain a password.

        """
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        scheme = url.partition("://")[0]
        try:
            parts = urlsplit(url)
            # A "/", "?" or "#" in a password would end it, and messages would show the rest as the name of a database.
            if url.count("@") > 1 or url.count("@") != parts.netloc.count("@"):
                advice = "write special characters of a password as `%` and two digits, such as %40 for @ and %2F for /"
                raise StorageError(f"{scheme}://…: The @ must follow user and password: {advice}.")
            options = conninfo_to_dict(url)
        except (ValueError, psycopg.Error):
            example = "postgresql://user@host:5432/database"
            raise StorageError(f"{scheme}://…: This is not a valid URL of a database, such as {example}.") from None
        return cls(f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", {**OPTIONS, **options})

    def without_secrets(self, text: str) -> str:
        """A text of the server or the driver without the password."""
        password = self.options.get("password")
        return text.replace(str(password), "…") if password else text
