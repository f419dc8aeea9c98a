#!/usr/bin/env python3
"""Turn `cargo metadata --locked --format-version 1 --filter-platform …` (standard input) into a CycloneDX list of what the program is made of.

Usage: cargo metadata … | sbom.py PACKAGE CARGO_LOCK
What only builds or tests use is left out. The same input makes the same bytes; the time is SOURCE_DATE_EPOCH.
"""
import datetime
import json
import os
import re
import sys
from pathlib import Path

ENTRY = re.compile(r'^name = "(?P<name>[^"]+)"\nversion = "(?P<version>[^"]+)"\n(?:source = .*\n)?(?:checksum = "(?P<sum>\w+)")?', re.M)


def reachable(nodes, start):
    """Ids of all packages that are linked into `start`."""
    seen, to_see = set(), [start]
    while to_see:
        here = to_see.pop()
        if here not in seen:
            seen.add(here)
            linked = (it["pkg"] for it in nodes[here]["deps"] if any(kind["kind"] is None for kind in it["dep_kinds"]))
            to_see.extend(linked)
    return seen


def component(package, checksums):
    name, version = package["name"], package["version"]
    purl = f"pkg:cargo/{name}@{version}"
    it = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if package.get("license"):
        # Cargo once allowed a slash for "or", which is no expression.
        it["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if checksums.get((name, version)):
        it["hashes"] = [{"alg": "SHA-256", "content": checksums[name, version]}]
    return it


def main():
    root_name, lock = sys.argv[1:]
    metadata = json.load(sys.stdin)
    packages = {it["id"]: it for it in metadata["packages"]}
    nodes = {it["id"]: it for it in metadata["resolve"]["nodes"]}
    root = next((it for it in packages.values() if it["name"] == root_name and it["source"] is None), None)
    if root is None:
        sys.exit(f"sbom: there is no package {root_name} in the workspace")
    checksums = {(it["name"], it["version"]): it["sum"] for it in ENTRY.finditer(Path(lock).read_text())}
    ids = reachable(nodes, root["id"])
    of = lambda id: f"pkg:cargo/{packages[id]['name']}@{packages[id]['version']}"
    when = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    dependencies = [
        {"ref": of(id), "dependsOn": sorted({of(it["pkg"]) for it in nodes[id]["deps"] if it["pkg"] in ids})} for id in ids
    ]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {**component(root, checksums), "type": "application"},
        },
        "components": sorted((component(packages[id], checksums) for id in ids - {root["id"]}), key=lambda it: it["bom-ref"]),
        "dependencies": sorted(dependencies, key=lambda it: it["ref"]),
    }
    json.dump(bom, sys.stdout, indent=1)
    print()


main()
