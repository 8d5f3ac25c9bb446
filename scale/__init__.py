"""The course's networks on several machines; `python -m scale --help`, and scale/README.md."""
