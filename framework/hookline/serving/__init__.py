"""Serve a finished run over HTTP: `hookline serve`. FastAPI and uvicorn are imported only here, and only then."""
