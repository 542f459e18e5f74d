"""What one run of the benchmarks agrees on."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sitting:
    """How long to measure. `is_quick`: shorter, for a look."""

    is_quick: bool = False

    def seconds(self, full: float, quick: float) -> float:
        """Return how long to measure."""
        return quick if self.is_quick else full


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
