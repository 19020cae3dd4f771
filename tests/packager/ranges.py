"""Date ranges as a player reads them."""

import re


def parse_ranges(text: str) -> list[dict[str, str]]:
    """The attributes of each EXT-X-DATERANGE line, by name, without quotes; nothing else may be on those lines."""
    found = []
    for attributes in re.findall("#EXT-X-DATERANGE:(.*)", text):
        pairs = re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)', attributes)
        assert ",".join("=".join(pair) for pair in pairs) == attributes
        assert len(dict(pairs)) == len(pairs)
        found.append({name: value.strip('"') for name, value in pairs})
    return found
