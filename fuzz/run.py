"""One target under atheris: `python -m fuzz.run TARGET [libFuzzer's options]`. Ends the process."""

import os
import sys

import atheris

with atheris.instrument_imports(include=["vitrine"]):
    from fuzz.targets import TARGETS


def main() -> None:
    """libFuzzer's own main, which never returns. Seeds are put into the first folder among the arguments."""
    target = TARGETS[sys.argv[1]]
    folder = next(each for each in sys.argv[2:] if not each.startswith("-"))
    for number, seed in enumerate(target.seeds()):
        with open(os.path.join(folder, f"seed-{number}"), "wb") as file:
            file.write(seed)
    atheris.Setup([sys.argv[0], *sys.argv[2:], f"-max_len={target.longest}"], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
