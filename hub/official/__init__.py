"""The second opinion: official rule files (CEN, Peppol) run in SaxonC, in a process of their own, beside our rules.

`SecondOpinion` asks, `Library` holds the files, `importing` and `fetching` bring them. Needs `kvitt[official]`.
"""

from __future__ import annotations

from hub.official.artefacts import Library
from hub.official.opinion import Opinion, SecondOpinion, second_opinion

__all__ = ["Library", "Opinion", "SecondOpinion", "second_opinion"]
