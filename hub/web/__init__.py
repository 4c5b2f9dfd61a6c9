"""The console: server-rendered pages for people who look rather than read logs, and the REST API for programs."""
