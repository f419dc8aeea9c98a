#!/usr/bin/env python3
"""Write the README of a chart to standard output: its description, and a table of values.yaml.

Usage: readme.py CHART_FOLDER

Reads what a person would: the comment with `# --` above a key is its meaning. A key without one belongs to the value of the
key above it. Needs nothing but Python's own library, so it knows only the YAML that values.yaml uses.
"""
import re
import sys
from pathlib import Path

KEY = re.compile(r"^( *)([A-Za-z][A-Za-z0-9]*):(?: (.*))?$")
INTRO = """# ecs-operator

The Helm chart of ecs-operator. How to install, upgrade and remove it is in [docs/install.md](../../docs/install.md), what its
alerts mean in [docs/runbook.md](../../docs/runbook.md).

```sh
helm upgrade --install ecs-operator charts/ecs-operator --namespace ecs-system --create-namespace \\
  --set image.repository=REGISTRY/ecs-operator --set aws.region=eu-central-1
```

A value that the chart does not know, or of the wrong type, is refused. Definitions are upgraded with the chart, and stay when it
is uninstalled.

## Values

| value | default | |
|---|---|---|
"""


def rows(text):
    """(path, default, meaning) of each documented key."""
    path, meaning, found = [], None, []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("# --"):
            meaning = [bare.removeprefix("# --").strip()]
        elif bare.startswith("#") and meaning is not None:
            meaning.append(bare.removeprefix("#").strip())
        elif match := KEY.match(line):
            depth = len(match[1]) // 2
            path = path[:depth] + [match[2]]
            if meaning is not None:
                found.append([".".join(path), match[3] or "", " ".join(meaning)])
            meaning = None
        elif not bare:
            meaning = None
    return found


def main():
    chart = Path(sys.argv[1])
    print(INTRO, end="")
    for path, default, meaning in rows((chart / "values.yaml").read_text()):
        default = f"`{default}`" if default else "see values.yaml"
        meaning = meaning.replace("|", "\\|")
        print(f"| `{path}` | {default} | {meaning} |")


main()
