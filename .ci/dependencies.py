"""Checks every crate of Cargo.lock against .ci/dependencies.toml: its licence, where it comes from, and that no crate
is there in two versions without a reason. Exits with 1 when something does not hold."""

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def holds(expression, allowed):
    """Whether a licence expression (SPDX, or with the old `/` for OR) can be met with allowed licences alone."""
    tokens = re.findall(r"[()]|[^\s()/]+|/", expression.replace("/", " OR "))

    def either():
        met = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one():
        if tokens[0] == "(":
            tokens.pop(0)
            met = either()
            tokens.pop(0)
            return met
        licence = tokens.pop(0)
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            licence += " WITH " + tokens.pop(0)
        return licence in allowed

    return either()


def problems(packages, rules):
    """What does not hold, one sentence each."""
    allowed, reasons = set(rules["licences"]["allowed"]), rules["duplicates"]
    versions = defaultdict(list)
    for package in packages:
        name, version = package["name"], package["version"]
        if package["source"] is None:
            continue
        versions[name].append(version)
        licence = package["license"]
        if not licence:
            yield f"{name} {version} does not say its licence"
        elif not holds(licence, allowed):
            yield f"{name} {version} is under {licence}, which is not allowed"
        if package["source"] != CRATES_IO:
            yield f"{name} {version} comes from {package['source']}"
    doubled = {name for name, found in versions.items() if len(found) > 1}
    for name in sorted(doubled - reasons.keys()):
        yield f"{name} is there in the versions {', '.join(sorted(versions[name]))}"
    for name in sorted(reasons.keys() - doubled):
        yield f"{name} is no longer there twice; take it out of .ci/dependencies.toml"
    limit = rules["crates"]["at_most"]
    if len(packages) > limit:
        yield f"there are {len(packages)} crates, and {limit} is the limit"


def main():
    here = Path(__file__).parent
    rules = tomllib.loads((here / "dependencies.toml").read_text())
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"]
    packages = json.loads(subprocess.run(command, cwd=here.parent, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    found = list(problems(packages, rules))
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    print(f"{len(packages)} crates, {len(found)} problems")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
