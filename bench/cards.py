"""Card error: frames between the frame a cue was meant for and the one with which it is on the wire, and on screen.

    python -m bench.cards [--minutes 3]

On the wire: the sample show at every output rate; each rendition is fetched whole, its pictures' numbers are read,
and each carrier (emsg, DATERANGE, WebVTT) is asked on which picture it puts each change. On screen: the watch page
with hls.js in Chromium reads the number off every picture as it is painted, with the cards that are beside it.
Before them: what cues cost a viewer in kbit/s, which needs no network.
"""

import argparse
import asyncio
from collections.abc import Sequence
from fractions import Fraction

from bench import cards_cost, cards_screen, cards_wire

RATES = (Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50), Fraction(60))


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row(name: str, errors: Sequence[float]) -> str:
    errors = [abs(error) for error in errors]
    if not errors:
        return f"| {name} | 0 | - | - | - |"
    middle, high = percentile(errors, 0.5), percentile(errors, 0.95)
    return f"| {name} | {len(errors)} | {middle:g} | {high:g} | {max(errors):g} |"


async def measure(minutes: float) -> None:
    print("| what cues cost a viewer, kbit/s | stamps | playlists | together |\n|---|---|---|---|")
    for show, (stamps, playlists) in cards_cost.measure().items():
        print(f"| {show} | {stamps:.2f} | {playlists:.2f} | {stamps + playlists:.2f} |", flush=True)
    print()
    print("| on the wire | changes | p50 | p95 | max |\n|---|---|---|---|---|", flush=True)
    for rate in RATES:
        found = await cards_wire.measure(rate)
        for carrier, errors in found.items():
            print(row(f"{float(rate):.5g} fps, {carrier}", errors), flush=True)
    print("\n| on the screen | changes | p50 | p95 | max |\n|---|---|---|---|---|", flush=True)
    for situation, errors in (await cards_screen.measure(minutes)).items():
        print(row(situation, errors), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3, help="How long the screen is watched.")
    asyncio.run(measure(parser.parse_args().minutes))


if __name__ == "__main__":
    main()
