"""Findings for a reader, and for a program."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from vitrine.check.finding import Finding, Severity
from vitrine.check.watch import Watch

EXIT = {Severity.NOTE: 0, Severity.WARNING: 3, Severity.ERROR: 4}
"""Exit codes by the worst finding. 1 is for a stream that cannot be watched, 2 for a wrong command line."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was seen, and what was found; `seconds` is how long it was watched."""

    url: str
    seconds: float
    playlists: int
    media: int
    bytes: int
    renditions: tuple[str, ...]
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]

    @classmethod
    def of(cls, watch: Watch, seconds: float) -> "Report":
        counts = watch.counts
        return cls(
            url=watch.stream.url,
            seconds=round(seconds, 1),
            playlists=counts.playlists,
            media=counts.media,
            bytes=counts.bytes,
            renditions=tuple(rendition.name for rendition in watch.stream.renditions),
            findings=tuple(watch.findings.all),
            unchecked=tuple(watch.unchecked),
        )

    @property
    def exit_code(self) -> int:
        return max((EXIT[finding.severity] for finding in self.findings), default=0)

    def as_text(self) -> str:
        lines = [line for finding in self.findings for line in _lines(finding)]
        lines += [f"not checked  {told}" for told in self.unchecked]
        amount = f"{self.playlists} playlists and {self.media} media files, {self.bytes / 1e6:.1f} MB"
        lines.append(f"{self.url}: {amount} in {self.seconds:g} s; {self._verdict()}")
        return "\n".join(lines)

    def _verdict(self) -> str:
        counts = Counter(finding.severity for finding in self.findings)
        found = [
            f"{counts[each]} {each.name.lower()}{'s' if counts[each] > 1 else ''}"
            for each in reversed(Severity)
            if counts[each]
        ]
        return ", ".join(found) or "no finding"

    def as_json(self) -> dict[str, Any]:
        """Plain values. Severities are words in lower case."""
        names = ("url", "seconds", "playlists", "media", "bytes", "renditions", "unchecked")
        findings = [
            {
                "rule": finding.name,
                "section": finding.section,
                "severity": finding.severity.name.lower(),
                "text": finding.text,
                "playlist": finding.where,
                "seen": finding.seen,
                "count": finding.count,
            }
            for finding in self.findings
        ]
        return {**{name: getattr(self, name) for name in names}, "findings": findings}


def _lines(finding: Finding) -> list[str]:
    """The rule, where it is broken, and what was seen."""
    head = f"{finding.severity.name.lower():<8} {finding.where}  {finding.text} [{finding.section}; {finding.name}]"
    seen = [f"           {each}" for each in finding.seen]
    more = finding.count - len(finding.seen)
    return [head, *seen, *([f"           and {more} more"] if more else [])]
