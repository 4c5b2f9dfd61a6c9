"""The most memory a process had, as every benchmark says it."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_mb() -> float:
    """The most memory this process had in MB (2**20 bytes).

    Where Linux says it, without what the parent had when this one began, which `getrusage` counts.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
