"""What is known when a trial is chosen: several may be chosen together, without the results of one another."""

from collections.abc import Mapping

from attrs import frozen

from hookline.spec.space.record import TrialRecord


@frozen
class Choices:
    """The trials of a study, of which some are chosen together."""

    size: int
    """The number of trials that are chosen together."""
    ended: Mapping[int, TrialRecord]
    """The records of the trials that are known to have ended, by number."""
    running: Mapping[int, TrialRecord]
    """The records of the trials that have begun and are not known to have ended, by number."""

    def first_of_batch(self, number: int) -> int:
        """The first of the trials that are chosen together with this one."""
        return (number - 1) // self.size * self.size + 1

    def known_to(self, number: int) -> list[TrialRecord]:
        """The trials whose results a trial may use: those before it, or before those that are chosen with it.

        A first trial with values outside of the space is not among them.
        """
        first = self.first_of_batch(number)
        known = [self.ended[number] for number in sorted(self.ended) if number < first]
        return [record.as_searched() for record in known if record.values]

    def pending_for(self, number: int) -> list[TrialRecord]:
        """The trials whose values a trial may use, but not their results: those that run, or are chosen with it."""
        if self.size == 1:
            pending = [known for known in sorted(self.running) if known < number]
        else:
            pending = list(range(self.first_of_batch(number), number))
        begun = {**self.running, **self.ended}
        return [TrialRecord(number=one, values=begun[one].values) for one in pending if begun[one].values]

    def is_ready(self, number: int) -> bool:
        """Whether the trials have ended that must end before this one is chosen, and those chosen with it are known."""
        if self.size == 1:
            return True
        first = self.first_of_batch(number)
        return all(one in self.ended for one in range(1, first)) and all(
            one in self.ended or one in self.running for one in range(first, number)
        )
