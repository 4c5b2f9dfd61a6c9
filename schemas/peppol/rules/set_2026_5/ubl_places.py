"""Where the rules on UBL's syntax look: elements too many, elements that bear an attribute, elements of a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schemas.peppol.rules.core import Everywhere, Repeated
from schemas.peppol.rules.view import Nodes, Spot, View, parent
from schemas.xml import Element


@dataclass(frozen=True)
class Beyond(Repeated):
    """For each element `steps` above these, the first one that is more than `times`."""

    times: int

    def __call__(self, view: View) -> Nodes:
        """Those one too many."""
        several = (spot for path in self.paths for spot in view.spots_at(path) if len(spot.nodes) > self.times)
        crowded = (spot for spot in several if not self._alone(spot, view))
        return [node for spot in crowded for node in self._surplus(spot.nodes)]

    def _alone(self, spot: Spot, view: View) -> bool:
        """A proof without looking at elements: each has a parent of its own, and so on upwards."""
        path = spot.path
        for _ in range(self.steps):
            above = view.spots[path]
            if above.holders != len(above.nodes):
                return False
            path = path.rpartition("/")[0]
        return True

    def _surplus(self, nodes: Nodes) -> Nodes:
        counts: dict[Element, int] = {}
        found = []
        for node in nodes:
            above = node
            for _ in range(self.steps):
                above = parent(above)
            counts[above] = counts.get(above, 0) + 1
            if counts[above] == self.times + 1:
                found.append(node)
        return found


@dataclass(frozen=True)
class Chosen(Everywhere):
    """Of all these in the document that are `wanted`, the first after so many."""

    wanted: Callable[[Element], bool]
    after: int = 0

    def __call__(self, view: View) -> Nodes:
        """It alone, or none."""
        found = view.all(*self.paths)
        if len(found) <= self.after:
            return []
        return [node for node in found if self.wanted(node)][self.after : self.after + 1]


@dataclass(frozen=True)
class Bearing(Everywhere):
    """The first element with an attribute, at some paths that name it (`/cbc:ID/@schemeID`)."""

    def __call__(self, view: View) -> Nodes:
        """It alone, or none."""
        for path in self.paths:
            element, _, attribute = path.rpartition("/@")
            found = next((node for node in view.all(element) if node.get(attribute) is not None), None)
            if found is not None:
                return [found]
        return []


class Another(Everywhere):
    """The first of these that says something else than the one before all others."""

    def __call__(self, view: View) -> Nodes:
        """It alone, or none."""
        found = view.all(*self.paths)
        return next(([node] for node in found if node.text != found[0].text), [])


def anchored(path: str) -> tuple[str, ...]:
    """The paths of a rule as `View` takes them: from the root, after // anywhere, LINE for either kind of line."""
    if path.startswith("//"):
        return (path[2:],)
    below = path.removeprefix("LINE/")
    if below != path:
        return (f"/cac:InvoiceLine/{below}", f"/cac:CreditNoteLine/{below}")
    return (f"/{path}",)
